# what there is to do; `just` alone lists it

default:
    @just --list

# run Otto on embedded defaults with a live demo
run:
    cargo run

# run all of Otto as in production, two of each program, until Ctrl-C
up *args:
    scripts/up {{args}}

# every test, with the servers they need
test *args:
    scripts/test {{args}}

# what CI checks besides the tests
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# send calls through a fresh Otto and account for every one
demo calls="500" faults="heavy":
    cargo run --release -- demo --calls {{calls}} --faults {{faults}}

# bring .env.example up to date with the code
env-example:
    cargo run -- config example > .env.example
