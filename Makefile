.PHONY: setup demo test check serve bench docs
setup: ; @scripts/setup
demo:  ; @scripts/demo
test:  ; @scripts/test
check: ; @scripts/check
serve: ; @scripts/serve
bench: ; @scripts/bench all
docs:  ; @scripts/docs
