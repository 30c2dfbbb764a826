.PHONY: setup demo test check serve bench eval docs
setup: ; @scripts/setup
demo:  ; @scripts/demo
test:  ; @scripts/test
check: ; @scripts/check
serve: ; @scripts/serve
bench: ; @scripts/bench all
eval:  ; @scripts/eval
docs:  ; @scripts/docs
