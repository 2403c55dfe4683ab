# Needs make, Python 3.11 or newer and Node 20.19 or newer. Everything else is fetched into
# .venv and evcc-smartload/page/node_modules when it is first needed, as the locks name it.
#
#   make run                                the demo: a simulated home, http://localhost:8099
#   make run EVCC_URL=http://my-evcc:7070   on a real evcc
#   make run FRESH=1                        the demo from its beginning
#   make run DATA=/some/folder PORT=8100    another folder than ./data, another port; also with EVCC_URL
#   make test                               all tests, with the page built and driven in Chromium
#   make check                              formatters, type checkers and linters
#   make bench                              the figures: start-up, memory, cycle, readers, fast-forward
#   make bench-forecasts DATA=/some/folder  how right the forecasts are on the measured homes in it;
#                                           JUDGES=1: also what libraries would do, in .venv-judges
#   make bench-planner DATA=/some/folder    how near to the optimum plans are, and how quick;
#                                           GROWTH=1: also how that grows with horizon and cars
#   make backtest DATA=/some/folder         what each policy would have been worth on the measured homes in it;
#                                           ARGS="--home NAME --prices NAME --out reports", see docs/backtest.md
#   make soak DAYS=60 SEED=1                many days of faults, hands and kills with SmartLoad in charge
#   make lock                               write the locks anew (UPGRADE=--upgrade for newer versions)
#   make clean                              remove everything that was built or fetched; data stays

.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
.PHONY: run test check backtest bench bench-forecasts bench-planner soak lock clean page chromium

APP := evcc-smartload/rootfs/app
PAGE := evcc-smartload/page
PAGE_BUILT := $(APP)/web/static/index.html
PAGE_SOURCES := $(filter-out $(PAGE)/test/% $(PAGE)/dev/%, \
	$(shell find $(PAGE) -name node_modules -prune -o -type f -print))
VENV_PYTHON := .venv/bin/python
export EVCC_URL DATA PORT

# The first Python that is new enough; empty when there is none.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; \
	then echo $$name; break; fi; done)

PIP_INSTALL = $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --no-input \
	--require-hashes --only-binary :all:

# What the service is started with, after main.py.
RUN_OPTIONS = $(if $(EVCC_URL),--evcc-url "$$EVCC_URL",--demo) \
	$(if $(DATA),--data "$$DATA") $(if $(PORT),--port "$$PORT") $(if $(FRESH),$(if $(EVCC_URL),,--fresh))

run: .venv/.runtime $(PAGE_BUILT)
	@echo "==> Starting SmartLoad $(if $(EVCC_URL),on $(EVCC_URL),with a simulated home); Ctrl-C stops it"
	@exec $(VENV_PYTHON) $(APP)/main.py $(RUN_OPTIONS)

test: .venv/.dev $(PAGE_BUILT) chromium influxd
	@echo "==> Testing the page"
	@cd $(PAGE) && npm test --silent --no-update-notifier
	@echo "==> Testing SmartLoad"
	@$(VENV_PYTHON) -m pytest -n 2 --dist worksteal

check: .venv/.dev $(PAGE)/node_modules/.installed
	@echo "==> ruff"
	@$(VENV_PYTHON) -m ruff check --quiet
	@$(VENV_PYTHON) -m ruff format --check --quiet
	@echo "==> mypy"
	@$(VENV_PYTHON) -m mypy
	@echo "==> yamllint"
	@$(VENV_PYTHON) -m yamllint --strict .
	@echo "==> shellcheck"
	@.venv/bin/shellcheck tools/*.sh .ci/run evcc-smartload/rootfs/usr/bin/smartload evcc-smartload/rootfs/etc/s6-overlay/s6-rc.d/smartload/run \
		evcc-smartload/rootfs/etc/s6-overlay/s6-rc.d/smartload/finish
	@echo "==> hadolint"
	@.venv/bin/hadolint evcc-smartload/Dockerfile
	@echo "==> check-jsonschema"
	@$(VENV_PYTHON) -m check_jsonschema --quiet \
		--schemafile tools/schemas/app-config.schema.json evcc-smartload/config.yaml
	@$(VENV_PYTHON) -m check_jsonschema --quiet \
		--schemafile tools/schemas/translation.schema.json evcc-smartload/translations/*.yaml
	@echo "==> tsc"
	@cd $(PAGE) && npm run check --silent
	@if command -v apparmor_parser > /dev/null; then \
		echo "==> apparmor_parser"; \
		apparmor_parser --skip-kernel-load --skip-cache --stdout evcc-smartload/apparmor.txt > /dev/null; \
	else echo "==> apparmor_parser is not installed: the AppArmor profile was not checked"; fi

bench: .venv/.dev $(PAGE_BUILT)
	@for program in bench/bench_*.py; do \
		echo "==> $$program"; $(VENV_PYTHON) "$$program" || exit 1; done

bench-forecasts: .venv/.runtime $(if $(JUDGES),.venv-judges/.installed)
	@if [ -z "$$DATA" ]; then \
		echo "Say where the measured homes are: make bench-forecasts DATA=/some/folder" >&2; exit 2; fi
	@$(VENV_PYTHON) bench/forecasts.py "$$DATA" $(if $(ONLY),--only $(ONLY)) $(if $(EVERY),--every $(EVERY))
	@$(if $(JUDGES),.venv-judges/bin/python bench/judges.py "$$DATA" $(if $(EVERY),--every $(EVERY)))

bench-planner: .venv/.runtime
	@if [ -z "$$DATA" ]; then \
		echo "Say where the problems are: make bench-planner DATA=/some/folder" >&2; exit 2; fi
	@$(VENV_PYTHON) bench/bench_planner.py "$$DATA" $(if $(GROWTH),--growth)

backtest: .venv/.runtime
	@if [ -z "$$DATA" ]; then \
		echo "Say where the measured homes are: make backtest DATA=/some/folder" >&2; exit 2; fi
	@.venv/bin/smartload backtest --data "$$DATA" $(ARGS)

soak: .venv/.dev
	@$(VENV_PYTHON) bench/control_soak.py --days $(or $(DAYS),60) --seed $(or $(SEED),1)

page: $(PAGE_BUILT)

chromium:
	@tools/ensure_chromium.sh

influxd:
	@tools/ensure_influxd.sh

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "SmartLoad needs Python 3.11 or newer, and none was found (looked for python3, python3.11 to 3.14)." >&2; \
		exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. Install its venv module (Debian, Ubuntu: sudo apt install python3-venv)." >&2; \
		exit 1; }
	@echo "==> Creating .venv"
	@$(PYTHON) -m venv .venv

# Order-only: a newer interpreter file is no reason to install again.
.venv/.runtime: evcc-smartload/requirements.txt tools/smartload.sh | .venv/bin/python
	@echo "==> Installing SmartLoad's Python packages"
	@$(PIP_INSTALL) --requirement $<
	@install -m 755 tools/smartload.sh .venv/bin/smartload
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	@echo "==> Installing the Python packages for tests and checks"
	@$(PIP_INSTALL) --requirement $<
	@touch $@

# The libraries that the forecasts are compared with; the service never sees them.
.venv-judges/.installed: requirements-judges.txt | .venv/bin/python
	@echo "==> Installing the libraries to compare with into .venv-judges"
	@$(VENV_PYTHON) -m venv .venv-judges
	@.venv-judges/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes --only-binary :all: --requirement $<
	@touch $@

$(PAGE)/node_modules/.installed: $(PAGE)/package.json $(PAGE)/package-lock.json
	@command -v node > /dev/null && command -v npm > /dev/null || { \
		echo "Building the page needs Node 20.19 or newer with npm, and none was found." >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' || { \
		echo "Building the page needs Node 20.19 or newer; this is $$(node --version)." >&2; exit 1; }
	@echo "==> Installing the page's packages"
	@cd $(PAGE) && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error > /dev/null
	@touch $@

$(PAGE_BUILT): $(PAGE)/node_modules/.installed $(PAGE_SOURCES)
	@echo "==> Building the page"
	@mkdir -p build
	@cd $(PAGE) && npm run build > "$(CURDIR)/build/page.log" 2>&1 || { cat "$(CURDIR)/build/page.log" >&2; exit 1; }
	@touch $@

# The add-on's Python is 3.13 on two architectures; a package without a wheel there fails here.
UV = .venv/bin/uv --system-certs --quiet
LOCK = $(UV) pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(UPGRADE) pyproject.toml
lock: | .venv/bin/python
	@test -x .venv/bin/uv || $(VENV_PYTHON) -m pip install --quiet uv
	@echo "==> evcc-smartload/requirements.txt"
	@$(LOCK) --output-file evcc-smartload/requirements.txt
	@echo "==> requirements-dev.txt"
	@$(LOCK) --group dev --constraints evcc-smartload/requirements.txt --output-file requirements-dev.txt
	@echo "==> requirements-judges.txt"
	@$(LOCK) --group judges --constraints evcc-smartload/requirements.txt --output-file requirements-judges.txt
	@for platform in aarch64-manylinux_2_28 x86_64-manylinux_2_28; do \
		echo "==> Every package has a wheel for $$platform"; \
		$(UV) pip compile --only-binary :all: --python-version 3.13 \
			--python-platform $$platform --constraints evcc-smartload/requirements.txt \
			pyproject.toml > /dev/null || exit 1; done

clean:
	@rm -rf .venv .venv-judges $(PAGE)/node_modules $(APP)/web/static build \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	@find $(APP) tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "==> Clean; your data was left alone"
