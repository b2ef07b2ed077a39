# Mail receiver. `make help` says what there is. Each target makes .venv when it is missing or its list has changed.
PYTHON ?= python3
ARGS ?=
ARCH ?= x64
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --quiet
STUBS := $(VENV)/stubs-rp2.done $(VENV)/stubs-esp32.done

.PHONY: help run test oracle lint bench fuzz faults soak watchdog size heap build flash console clean
.DEFAULT_GOAL := help

help:
	@echo 'make run      [ARGS="..."]            the device on the desk: polls a mailbox, records pages into paper/'
	@echo '                                      ARGS go to python -m sim; ARGS=--help lists them, ARGS=--once ends after one visit'
	@echo 'make test     [ARGS="..."]            every test, unit tests on CPython and MicroPython, a process for each core;'
	@echo '                                      ARGS go to pytest: ARGS=tests/unit/test_x.py, ARGS="-k name", ARGS=-n0 in one process'
	@echo 'make oracle   [FILES=6000]            fax pages of every kind, pixel for pixel against libtiff,'
	@echo '                                      and by the packed program against the program as it was written'
	@echo 'make lint                             ruff, type checker with the boards'"'"' stubs, rules of the house'
	@echo 'make bench    [ARGS=ROW] [JSON=FILE]  speed beside the peers; ROW (S1, S4) chooses, JSON=FILE keeps the rows'
	@echo 'make size     [JSON=FILE]             memory of each module, 64-bit and 32-bit, buffers, peak; 32-bit needs node and npm'
	@echo 'make heap     [JSON=FILE]             the smallest heap that records all samples, on a 32-bit MicroPython (x86); 5 minutes,'
	@echo '                                      needs Debian'"'"'s apt-get to fetch it into build/i386'
	@echo 'make faults   [CUTS=100000] [SEED=1]  cut the power everywhere, look for lost pages; JSON=FILE keeps the counts,'
	@echo '                                      CUT=... repeats one cut as a failure names it'
	@echo 'make soak     [SEEDS=4] [DAYS=365]    simulated years in which all goes wrong that can, and the heap day by day;'
	@echo '                                      SEED=1 is the first seed, JSON=FILE keeps the figures'
	@echo 'make watchdog [EVERY=40] [SEED=1]     hang and kill every task at every await, look for lost pages and silence;'
	@echo '                                      JSON=FILE keeps the counts, POINT=... repeats one as a failure names it'
	@echo 'make kill     [KILLS=50] [SEED=1]     kill -9 the device, fetchmail, mpop and getmail6 at random times, in one table;'
	@echo '                                      JSON=FILE keeps the rows, ARGS="--only uf" runs one client'
	@echo 'make fuzz     [ARGS="SECONDS [NAME]"] hostile octets for POP3, mail and fax, on MicroPython and CPython; inputs that'
	@echo '                                      fail are kept in tests/corpus/, JSON=FILE keeps the counts; then the'
	@echo '                                      property tests with other examples than in make test (ARGS=properties)'
	@echo 'make build    [ARCH=x64]              firmware for the device into build/ARCH, with sizes and SHA-256 manifest;'
	@echo '                                      ARCH: x64 armv6m armv7m armv7emsp xtensawin bytecode, or all'
	@echo 'make flash    PORT=/dev/ttyACM0       build for the board at PORT, copy what changed, verify every hash'
	@echo 'make console  [PORT=...]              service console of the board at PORT, or of the running desk; Ctrl-] leaves'
	@echo 'make clean                            remove build/ and caches (.venv, paper/ and state/ stay)'
	@echo
	@echo 'Needs Python 3.11 or later (PYTHON=... chooses one). MICROPYTHON=... names another MicroPython binary,'
	@echo 'such as build/i386/micropython, 32-bit, which make heap fetches.'

run: $(VENV)/done
	@$(PY) -m sim $(ARGS)

test: $(VENV)/done
	@$(PY) -m pytest $(ARGS)

lint: $(VENV)/done $(STUBS)
	@$(PY) -m tools.lint

oracle: $(VENV)/done
	@ORACLE_FILES=$(or $(FILES),6000) $(PY) -m pytest -q tests/host/test_libtiff_oracle.py tests/host/test_packed_program.py $(ARGS)

bench: $(VENV)/done $(VENV)/kill.done
	@$(PY) -m tools.bench $(ARGS) $(if $(JSON),--json $(JSON))

size: $(VENV)/done
	@$(PY) -m tools.size $(if $(JSON),--json $(JSON))

heap: $(VENV)/done
	@$(PY) -m tools.small_heap $(if $(JSON),--json $(JSON)) $(ARGS)

faults: $(VENV)/done
	@$(PY) -m tools.faults $(if $(CUTS),--cuts $(CUTS)) $(if $(SEED),--seed $(SEED)) $(if $(CUT),--cut $(CUT)) \
	  $(if $(JSON),--json $(JSON)) $(ARGS)

watchdog: $(VENV)/done
	@$(PY) -m tools.watchdog $(if $(EVERY),--every $(EVERY)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(POINT),--point $(POINT)) $(if $(JSON),--json $(JSON)) $(ARGS)

soak: $(VENV)/done
	@$(PY) -m tools.soak $(if $(SEEDS),--seeds $(SEEDS)) $(if $(DAYS),--days $(DAYS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(FIRST),--first $(FIRST)) $(if $(HEAP_DAYS),--heap-days $(HEAP_DAYS)) $(if $(JSON),--json $(JSON)) $(ARGS)

.PHONY: kill
kill: $(VENV)/done $(VENV)/kill.done
	@$(PY) -m tools.kill $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(JSON),--json $(JSON)) $(ARGS)

fuzz: $(VENV)/done $(VENV)/fuzz.done
	@$(PY) -m tools.fuzz $(ARGS) $(if $(JSON),--json $(JSON))

build: $(VENV)/done
	@$(PY) -m tools.build $(ARCH)

flash: $(VENV)/done
	@$(PY) -m tools.flash $(PORT) $(ARGS)

console: $(VENV)/done
	@$(PY) -m tools.console $(PORT) $(ARGS)

clean:
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/done: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or later is needed; name one with PYTHON=...' >&2; exit 1; }
	@echo 'setting up $(VENV), a minute ...'
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || \
	  { echo 'python -m venv failed; on Debian: apt-get install python3-venv' >&2; rm -rf $(VENV); exit 1; }
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/fuzz.done: requirements-fuzz.txt $(VENV)/done
	@$(PIP) -r requirements-fuzz.txt || echo 'no atheris for this platform: fuzzing goes on without it'
	@touch $@

$(VENV)/kill.done: requirements-kill.txt $(VENV)/done
	@$(PIP) -r requirements-kill.txt || echo 'getmail6 could not be installed: its rows are left out'
	@touch $@

$(VENV)/stubs-%.done: requirements-%.txt $(VENV)/done
	@echo 'fetching the type stubs of $* ...'
	@rm -rf $(VENV)/stubs-$*
	@$(PIP) --no-deps --no-compile --target $(VENV)/stubs-$* -r $<
	@touch $@
