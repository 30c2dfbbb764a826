.PHONY: setup demo test test-vllm check serve bench eval docs
setup: ; @scripts/setup
demo:  ; @scripts/demo
test:  ; @scripts/test
test-vllm: ; @scripts/test-vllm
check: ; @scripts/check
serve: ; @scripts/serve
bench: ; @scripts/bench all
eval:  ; @scripts/eval
docs:  ; @scripts/docs
