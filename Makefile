# Rondo needs Python 3.11 or later and make. What else it needs it installs into .venv and .cache; its data is in .data.

# The first Python on the PATH that is new enough; `make run PYTHON=…` names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$name"; break; }; done)

# A whole Rondo on one machine, one whose network fails, and many workers of one stage.
CHAOS = tests/chaos/test_siege.py tests/chaos/test_apart.py tests/chaos/test_torture.py

# Python reads this clone's path in the characters of the locale. For one without any it takes UTF-8, unless LC_ALL says so.
ifneq ($(filter C POSIX,$(LC_ALL)),)
unexport LC_ALL
endif

# What is in .venv names the place and the Python that it was installed for: in a clone that was moved or copied it would
# run the other one's code. There it is installed again.
$(shell test "$$(pwd -P; .venv/bin/python -S -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" \
	= "$$(cat .venv/.installed 2>/dev/null)" || touch -c -t 200001010000 .venv/.installed)

.PHONY: help run test test-deep chaos demo bench lint docs clean

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

run: .venv/.installed ## Start everything, say where to go; Ctrl-C stops it
	@.venv/bin/python -S -m local up

test: .venv/.installed ## Run the tests, on real parts
	@.venv/bin/python -m pytest -n auto --no-loadscope-reorder

test-deep: .venv/.installed ## Fail every stage at every point in every way; ask every operation a thousand times (more than an hour)
	@.venv/bin/python -m pytest -m deep $(CHAOS:%=--ignore %)

chaos: .venv/.installed ## Inject faults of every kind into a whole Rondo at random; CHAOS_SECONDS=300, CHAOS_SEED=… repeats a run
	@CHAOS_SECONDS=$(CHAOS_SECONDS) CHAOS_SEED=$(CHAOS_SEED) .venv/bin/python -m pytest -m deep -s $(CHAOS)

demo: .venv/.installed ## Show a recurring task, its reminder, its audit trail
	@.venv/bin/python -S -m local during .venv/bin/rondo demo

bench: .venv/.installed ## Measure the runtime beside Kafka Streams, Faust and others, a command's cost, and queries (some 35 minutes); BEFORE=COMMIT compares
	@.venv/bin/python -m bench --parts peers,latency,restore,pipeline
	@.venv/bin/python -m bench --parts ingress,lone,footprint --seconds 10 $(if $(BEFORE),--before $(BEFORE))
	@$(if $(BEFORE),.venv/bin/python -m bench --parts bulk --before $(BEFORE))
	@.venv/bin/python -m bench.queries

lint: .venv/.installed ## Check style and types
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

docs: .venv/.installed ## Write from the code what is written from it: the Procfile, docs/configuration.md …
	@.venv/bin/python -m docs.configuration
	@.venv/bin/python -m docs.errors
	@.venv/bin/python -m docs.schema
	@.venv/bin/python -m docs.stages
	@.venv/bin/python -m bench.limits --only-limits

clean: ## Remove what was installed; the data in .data stays
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.installed: uv.lock pyproject.toml local/bootstrap.py
	@test -n "$(PYTHON)" || { echo "Rondo needs Python 3.11 or later, and none was found:" \
		"install one, or name it, as in \`make run PYTHON=/opt/python/bin/python3\`." >&2; exit 1; }
	@"$(PYTHON)" -S local/bootstrap.py
