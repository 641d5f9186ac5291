# `make demo` shows the agent at work; `make test` is what CI runs. Both work on a machine that never saw the project.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# install-if-missing: $(call need,PROGRAM,DEBIAN-PACKAGE)
need = command -v $(1) >/dev/null || PATH="$$PATH:/usr/sbin:/sbin" command -v $(1) >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $(2); }

ARCH ?= amd64

.PHONY: deb deb-arm64 deb-armhf greengrass pin demo test fix docs picture bench bench-detect bench-audit bench-mitigate bench-rotation bench-runbooks clean system-packages build-packages
.DELETE_ON_ERROR:

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/installed
	@$(call need,mosquitto,mosquitto)
	$(BIN)/devicewarden sandbox demo

system-packages:
	@$(call need,mosquitto,mosquitto)
	@$(call need,softhsm2-util,softhsm2 opensc)
	@$(call need,ip,iproute2)
	@$(call need,nft,nftables)
	@$(call need,lintian,lintian)
	@$(call need,man,man-db)
	@$(call need,mmdebstrap,mmdebstrap)
	@$(call need,systemd-nspawn,systemd-container)
	@$(call need,qemu-aarch64-static,qemu-user-static)

test: $(VENV)/installed system-packages build-packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadgroup

fix: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/installed
	$(BIN)/python docs/generate.py

picture: $(VENV)/installed
	@$(call need,mosquitto,mosquitto)
	$(BIN)/python docs/picture.py

bench: $(VENV)/installed system-packages
	@$(call need,valgrind,valgrind libc6-dbg)
	$(BIN)/python -m tests.bench.main --json bench.json

bench-detect: $(VENV)/installed system-packages
	$(BIN)/python -m tests.bench.bench_detect --json bench-detect.json

bench-audit: $(VENV)/installed
	$(BIN)/python -m tests.bench.bench_audit --json bench-audit.json

bench-mitigate: $(VENV)/installed system-packages
	$(BIN)/python -m tests.bench.bench_mitigate --json bench-mitigate.json

# kill -9 before each step of a rotation, fifty times each: about half an hour.
bench-rotation: $(VENV)/installed system-packages
	$(BIN)/python -m tests.bench.bench_rotation --json bench-rotation.json

# Fifty agents against one sandbox, which takes 2 GB of memory.
bench-runbooks: $(VENV)/installed system-packages
	$(BIN)/python -m tests.bench.bench_runbooks --json bench-runbooks.json

build-packages:
	@$(call need,dh,debhelper)
	@$(call need,dpkg-architecture,dpkg-dev)
	@$(call need,aarch64-linux-gnu-strip,binutils-aarch64-linux-gnu)
	@$(call need,arm-linux-gnueabihf-strip,binutils-arm-linux-gnueabihf)

deb: $(VENV)/installed build-packages
	$(BIN)/python packaging/build_deb.py $(ARCH)

deb-arm64 deb-armhf: deb-%: $(VENV)/installed build-packages
	$(BIN)/python packaging/build_deb.py $*

# The component for AWS IoT Greengrass, every architecture in one.
greengrass: $(VENV)/installed
	$(BIN)/python packaging/build_greengrass.py

# After a change of constraints.txt: which files may ship, by their hashes.
pin: $(VENV)/installed
	$(BIN)/python packaging/pin.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist bench.json bench-detect.json bench-audit.json bench-mitigate.json bench-rotation.json bench-runbooks.json
