# lumad. `make demo` shows it, `make test` checks it, `make` builds it.
# Override any variable on the command line or in an untracked config.mk.
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
VARIANT    ?= release
CFLAGS     ?= -g
BUILD      ?= build
JOBS       ?= $(shell nproc)
HTTP       ?= 127.0.0.1:8080
FUZZ_SECONDS ?= 60
# What `make test` runs, in this order.
TEST_STEPS ?= all unit golden compilers web-test lint e2e-dark asan trap browser
-include config.mk

PKGS  := libmicrohttpd nettle sqlite3 jansson sndfile libmpg123 samplerate rubberband kissfft-float \
         libebur128 libcurl uuid libxml-2.0 zlib libsystemd libsodium
# `make unit ROOMS="core graph"` builds and tests only these rooms of daemon/.
ROOMS ?= $(notdir $(patsubst %/,%,$(sort $(wildcard daemon/*/))))
SRC   := $(sort $(foreach r,$(ROOMS),$(shell find daemon/$r -name '*.c')))
UNIT  := $(sort $(foreach r,$(ROOMS),$(wildcard tests/unit/$r/test_*.c)))
GOLDEN  := $(sort $(wildcard tests/golden/test_*.c))
FUZZ    := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH   := $(sort $(wildcard tests/bench/bench_*.c))
WIRE    := tests/bench/dmx_receiver.c tests/bench/ola_feeder.c
MIR     := tests/bench/mir_sdr.c
JACK    := $(shell pkg-config --cflags --libs jack 2>/dev/null)
EARS     = $(if $(JACK),$B/tests/tools/jack_capture)
# Sound cards: of the program that may be killed alone.
CARD_PKGS := portaudio-2.0
# M4A, AAC, WMA, Ogg FLAC and WavPack; AV= leaves them out.
AV_PKGS := libavformat >= 59.27 libavcodec >= 59.37 libswresample >= 4.7 libavutil >= 57.28
AV      ?= $(shell pkg-config --exists '$(AV_PKGS)' 2>/dev/null && echo yes)
WORKERS := $(filter-out $(if $(AV),,av_worker),$(sort $(patsubst workers/%.c,%,$(wildcard workers/*_worker.c))))
DECODER := decode_main decode_run source decode_mix decode_sink decode_files decode_say loudness sandbox

# One build directory per variant: switching never forces a rebuild.
B           := $(BUILD)/$(VARIANT)
FOR_release := -O3 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FOR_debug   := -Og
FOR_trap    := -Og -DLUMAD_RT_TRAP
FOR_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FOR_tsan    := -O1 -fsanitize=thread
FOR_cov     := -O0 --coverage
FOR_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
WARN        := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes \
               -Wmissing-prototypes -Wwrite-strings -Wpointer-arith $(if $(RELAXED),,-Werror)
# Goldens compare DMX bytes: no fused multiply-add, no reordering of sums. That nobody looks at exceptions and errno of maths changes no value, and makes choices between
# two results into vector code (tests/vector).
ALL_CFLAGS  := -std=c11 -D_GNU_SOURCE -Idaemon -pthread $(WARN) -ffp-contract=off -fno-trapping-math -fno-math-errno $(FOR_$(VARIANT)) \
               -DLUMAD_PREFIX='"$(PREFIX)"' -ffile-prefix-map=$(CURDIR)=. \
               $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CFLAGS)
LDLIBS      := -Wl,--as-needed $(shell pkg-config --libs $(PKGS) 2>/dev/null) -linih -lwslay -lm
LIB         := $(SRC:%.c=$B/%.o)
# Some rooms alone are an archive of their own: what is linked later finds all of them.
ARCHIVE     := $B/lumad$(if $(findstring command,$(origin ROOMS)),-$(subst $() ,-,$(strip $(ROOMS)))).a
UNIT_BIN    := $(UNIT:%.c=$B/%)
TEST_PLUGIN := $(patsubst tests/data/plugins/%.c,$B/tests/plugins/%.so,$(wildcard tests/data/plugins/*.c))
GOLDEN_BIN  := $(GOLDEN:%.c=$B/%)
WORKER_BIN  := $(WORKERS:%=$B/%)
BENCH_BIN   := $(BENCH:%.c=$B/%)
FUZZ_BIN    := $(FUZZ:%.c=$B/%)
LINK         = @echo "  LINK $@"; mkdir -p $(@D); \
               $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)
Q           := $(if $V,,@)

# The node that `make deps` brought, when the system has none or an old one.
NODE_BIN := $(firstword $(wildcard $(abspath $(BUILD))/node/node_modules/node-linux-*/bin))
ifneq ($(NODE_BIN),)
export PATH := $(NODE_BIN):$(PATH)
endif
# A program built elsewhere does not find the files of this tree by itself.
ifneq ($(BUILD),build)
export LUMAD_SHARE ?= $(CURDIR)
endif
export ASAN_OPTIONS  ?= detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= print_stacktrace=1
export LSAN_OPTIONS  ?= print_suppressions=0$(if $(wildcard tests/lsan.supp),:suppressions=$(CURDIR)/tests/lsan.supp)
export TSAN_OPTIONS  ?= halt_on_error=1$(if $(wildcard tests/tsan.supp),:suppressions=$(CURDIR)/tests/tsan.supp)
FOR_TESTS = LUMAD=$(abspath $B/lumad) BUILD_DIR=$(abspath $B)
need      = @command -v $(1) >/dev/null || { echo "$(1) is missing: apt-get install $(or $(2),$(1))"; exit 1; }

.PHONY: all daemon web deps have-libs demo run test unit golden compilers web-test e2e e2e-dark browser asan tsan trap variant-tests \
        valgrind coverage interop fuzz fuzz-run fuzz-decoders fixture-report bench bench-dmx bench-graph bench-jobs bench-mir bench-decode bench-push bench-page bench-setup bench-audio bench-av soak-audio lint format generated stem-model install clean
.SECONDARY:
.DELETE_ON_ERROR:
all: daemon web
daemon: have-libs $B/lumad $(WORKER_BIN) $B/plugins/example.so
have-libs:
	@pkg-config --exists $(PKGS) $(CARD_PKGS) || { echo "Libraries are missing. Run: make deps"; exit 1; }
$B/lumad: $B/daemon/main.o $(ARCHIVE)          ; $(LINK)
$(WORKER_BIN): $B/%: $B/workers/%.o $(ARCHIVE) ; $(LINK)
$B/node_worker: $B/workers/sandbox.o
$B/decode_worker: $(DECODER:%=$B/workers/%.o) $B/workers/source_sndfile.o $B/workers/source_mpg123.o
$B/av_worker: $(DECODER:%=$B/workers/%.o) $B/workers/source_av.o
$B/audio_worker: LDLIBS += $(shell pkg-config --libs $(CARD_PKGS) 2>/dev/null)
$B/av_worker: LDLIBS += $(shell pkg-config --libs '$(AV_PKGS)' 2>/dev/null)
$B/stem_worker: $B/workers/stems.o $B/workers/htdemucs.o $B/workers/ort.o
# As those who write plug-ins build theirs: the installed header and nothing else of lumad.
PLUGIN       = @echo "  SO   $@"; mkdir -p $(@D); \
               $(CC) -std=c11 $(WARN) -O2 -g -fPIC -shared -fvisibility=hidden -ffp-contract=off -Idaemon/graph -o $@ $<
$B/plugins/example.so: workers/node_example.c daemon/graph/lumad_node.h Makefile            ; $(PLUGIN)
$B/tests/plugins/%.so: tests/data/plugins/%.c daemon/graph/lumad_node.h Makefile            ; $(PLUGIN)
$(FUZZ_BIN): $B/%: $B/%.o $(ARCHIVE)           ; $(LINK) -fsanitize=fuzzer
$B/tests/%: $B/tests/%.o $(ARCHIVE)            ; $(LINK)
# Links libjack, which nothing else of lumad does; without it the tests of what is heard say so.
$B/tests/tools/jack_capture: tests/tools/jack_capture.c Makefile
	@echo "  LINK $@"; mkdir -p $(@D); $(CC) -std=c11 -D_GNU_SOURCE -O2 -g $(WARN) -pthread -o $@ $< $(JACK)
$(ARCHIVE): $(LIB)                             ; @rm -f $@ && $(AR) rcsD $@ $^
$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(if $V,,@echo "  CC   $<")
	$Q$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
-include $(patsubst %.c,$B/%.d,$(SRC) $(UNIT) $(GOLDEN) $(FUZZ) $(BENCH) $(WIRE) $(MIR) $(wildcard workers/*.c tests/tools/*.c) daemon/main.c)

WEB_SRC := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
web: web/dist/index.html
web/dist/index.html: $(WEB_SRC) web/node_modules/.package-lock.json
	cd web && npm run --silent build
	@touch $@
web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci
	@touch $@

# Everything that must be installed; says what it installs, and nothing when there is nothing to do.
deps: ; @BUILD='$(BUILD)' tests/deps
# Two makes, because pkg-config is asked when a Makefile is read.
demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@echo "Open http://$(HTTP) in a browser. Ctrl-C ends the show."
	@exec $B/lumad --demo --http $(HTTP)
run: all
	@mkdir -p $(BUILD)/run
	@echo "Open http://$(HTTP) in a browser; data is kept in $(BUILD)/run. Ctrl-C ends."
	@exec $B/lumad --data $(BUILD)/run --http $(HTTP)
test: deps
	@MAKEFLAGS= tests/suite $(MAKE) -j$(JOBS) --no-print-directory $(MAKEOVERRIDES) -- $(TEST_STEPS)

# Test programs may be built anywhere; the files they read are here.
unit golden bench bench-graph: export LUMAD_SHARE ?= $(CURDIR)
unit: export LUMAD_STEM_MODEL :=
unit: $(UNIT_BIN) $(if $(filter analysis,$(ROOMS)),$(WORKER_BIN)) \
      $(if $(filter plugins,$(ROOMS)),$B/node_worker $(TEST_PLUGIN) $B/plugins/example.so)
	@prove --jobs $$((3 * $(JOBS))) --exec "$(UNDER)" $(UNIT_BIN)
# Expected bytes; UPDATE=1 writes them anew. C programs with tap.h, or Python that asks the running daemon.
golden: $(GOLDEN_BIN) $(if $(wildcard tests/golden/test_*.py),daemon)
	$(if $(GOLDEN_BIN),@prove --jobs $(JOBS) --exec "$(UNDER)" $(GOLDEN_BIN))
	$(if $(wildcard tests/golden/test_*.py),@$(FOR_TESTS) python3 -m unittest discover -s tests/golden)
# The same bytes, whatever compiled them (`golden` is gcc -O3 where gcc is cc); one that is not installed is left out.
compilers:
	@for c in "gcc -O0" "gcc -O2 -march=x86-64-v3" "clang -O2"; do \
	    set -- $$c; command -v $$1 >/dev/null || { echo "$$1 is not installed: left out"; continue; }; cc=$$1; shift; \
	    case "$$*" in *x86-64*) grep -qw avx2 /proc/cpuinfo 2>/dev/null || continue;; esac; \
	    echo "$$cc $$*"; $(MAKE) --no-print-directory CC=$$cc CFLAGS="$$*" RELAXED=1 VARIANT="$$(echo $$cc$$* | tr -d ' ')" \
	        ROOMS="core dsp fixtures graph render dmx" golden || exit 1; done
# e2e-dark: those in which no light is made; all the others are in `trap`.
e2e e2e-dark: daemon $B/tests/tools/fixture_slots $(TEST_PLUGIN) $(EARS)
	@$(FOR_TESTS) python3 tests/e2e/run.py $(if $(findstring dark,$@),--dark)
# What olad and tshark make of our packets, and a second lumad that takes over. Installs both; as root, for it makes network namespaces.
interop: daemon
	@BUILD='$(BUILD)' tests/deps ola tshark iproute2
	@$(FOR_TESTS) python3 -m unittest discover -s tests/interop
# What is sent for every mode of every fixture definition, judged by tests/e2e/fixture_oracle.py; DEFINITIONS may name other files or folders.
fixture-report: $B/tests/tools/fixture_slots
	@$(FOR_TESTS) python3 tests/e2e/fixture_oracle.py --report $(BUILD)/fixture-report.md \
	    $(if $(DEFINITIONS),,--summary tests/data/fixture-report.md) $(DEFINITIONS)
	@echo "$(BUILD)/fixture-report.md"
browser: all
	$(call need,chromium)
	@$(FOR_TESTS) python3 tests/browser/run.py $(ONLY)
web-test: web
	@cd web && npm run --silent check && npm run --silent test
	@tests/page_size
# The same tests with another compiler's eye: address and undefined behaviour, races, the real-time promise.
asan tsan trap: ; @$(MAKE) --no-print-directory VARIANT=$@ variant-tests
variant-tests: daemon $(UNIT_BIN)
	@bad=0; for t in unit e2e; do $(MAKE) --no-print-directory VARIANT=$(VARIANT) $$t || bad=1; done; exit $$bad
valgrind:
	$(call need,valgrind)
	@$(MAKE) --no-print-directory VARIANT=debug UNDER="valgrind -q --error-exitcode=9 --leak-check=full" unit
coverage:
	$(call need,gcovr)
	@$(MAKE) --no-print-directory VARIANT=cov variant-tests
	@gcovr --root . --filter daemon/ $(BUILD)/cov
fuzz:
	$(call need,clang)
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=fuzz CC=clang RELAXED=1 fuzz-run
fuzz-run: $(FUZZ_BIN)
	@set -e; for f in $(FUZZ_BIN); do name=$${f##*/fuzz_}; seeds=tests/fuzz/corpus/$$name; \
	    mkdir -p $B/corpus/$$name; echo "fuzz $$name, $(FUZZ_SECONDS) s"; \
	    $$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -rss_limit_mb=2048 -timeout=10 \
	        -artifact_prefix=$B/$$name- $B/corpus/$$name $$(test -d $$seeds && echo $$seeds) >$B/$$name.log 2>&1 \
	        || { tail -n 60 $B/$$name.log; exit 1; }; \
	    grep -E 'executed_units|peak_rss' $B/$$name.log; \
	done
# How many times faster than it plays each format is decoded, alone and resampled; a minute.
bench-decode: daemon $B/tests/tools/encode
	@$(FOR_TESTS) python3 tests/bench/bench_decode.py
# Damaged audio files into the decoders as lumad runs them, and into a lumad: make fuzz-decoders SECONDS=1200
fuzz-decoders: daemon
	@$(FOR_TESTS) python3 tests/fuzz/fuzz_decoders.py $(or $(SECONDS),$(FUZZ_SECONDS)) $(SEED)
bench: $(BENCH_BIN) daemon
	@set -e; for b in $(BENCH_BIN); do $$b; done
	@$(FOR_TESTS) python3 tests/bench/bench_daemon.py
# How soon light is there, what it costs and holds, against limits; two minutes on a machine that does nothing else.
bench-graph: $B/tests/bench/bench_graph daemon
	@$(FOR_TESTS) python3 tests/bench/bench_graph.py
# Beside QLC+ and olad, where they are installed; about eight minutes, as root.
bench-dmx: daemon $(WIRE:%.c=$B/%)
	$(call need,ip,iproute2)
	@$(FOR_TESTS) python3 tests/bench/bench_dmx.py
# How punctual the pushes of the WebSocket are, and what they do to the light; two minutes on a machine that does nothing else, as root.
bench-push: daemon $B/tests/bench/dmx_receiver $(EARS)
	@$(FOR_TESTS) python3 tests/bench/bench_push.py $(SECONDS)
# What the page costs with 10,000 tracks, and its stage with 200 heads drawn by the processor; against limits, five minutes on a machine that does nothing else.
bench-page: all
	$(call need,chromium)
	@bad=0; for t in tests/browser/bench-*.mjs; do echo "$$t"; $(FOR_TESTS) node $$t || bad=1; done; exit $$bad
# What 300 sign-ins at once and a venue of 10,000 fixtures cost those who play meanwhile; against limits, three minutes on a machine that does nothing else.
bench-setup: daemon
	@$(FOR_TESTS) python3 tests/bench/bench_setup.py $(ONLY)
# What four analysis programs at work do to frames and packets; about five minutes, on a machine that does nothing else.
bench-jobs: daemon
	@$(FOR_TESTS) python3 tests/bench/bench_jobs.py
# How right the analysers are over a folder of items with truth, beside those that are installed: make bench-mir CORPUS="dir ..."
bench-mir: daemon $(MIR:%.c=$B/%)
	@$(FOR_TESTS) python3 tests/bench/bench_mir.py $(CORPUS)
# What is heard, and light against it, through jackd's dummy driver, on a machine that does nothing else and as who may have real time: how soon commands are heard (two
# minutes), ten minutes of light against sound and as much for other rates and jumps (SECONDS=60 for less), ten minutes of random commands with every sample explained.
bench-audio bench-av soak-audio: daemon $B/tests/tools/jack_capture
	$(call need,jackd,jackd2 libjack-jackd2-dev)
	@$(FOR_TESTS) python3 tests/bench/$(subst -,_,$@).py
lint: daemon
	$(call need,cppcheck)
	@tests/layers
	@tests/vector
	@tests/exact $B
	@mkdir -p $(BUILD)/cppcheck
	@cppcheck -q -j$(JOBS) --cppcheck-build-dir=$(BUILD)/cppcheck --std=c11 --enable=warning,portability --inline-suppr \
	    --error-exitcode=1 -Idaemon daemon workers
	@tests/generate --check $B/lumad
format: ; clang-format -i $$(find daemon workers tests -name '*.[ch]')
generated: daemon ; @tests/generate $B/lumad

SHARE = $(DESTDIR)$(PREFIX)/share/lumad
# The optional model for stems, into an installation (the default) or a data directory: make stem-model DATA=/var/lib/lumad. Asks about its licence; ACCEPT=1 answers.
stem-model: ; @workers/stem_model $(if $(FROM),--from '$(FROM)') '$(or $(DATA),$(DESTDIR)$(PREFIX)/share/lumad)'
install: all
	install -Dm755 $B/lumad $(DESTDIR)$(PREFIX)/bin/lumad
	$(if $(WORKER_BIN),install -Dm755 -t $(DESTDIR)$(PREFIX)/libexec/lumad $(WORKER_BIN))
	install -Dm755 -t $(DESTDIR)$(PREFIX)/libexec/lumad workers/stem_model
	install -Dm644 -t $(DESTDIR)$(PREFIX)/include daemon/graph/lumad_node.h
	install -Dm644 workers/node_example.c $(DESTDIR)$(PREFIX)/share/doc/lumad/example_plugin.c
	install -d $(DESTDIR)$(PREFIX)/lib/lumad/plugins
	install -Dm644 -t $(SHARE)/migrations migrations/*.sql
	$(foreach d,web/dist config/demo,rm -rf $(SHARE)/$d && mkdir -p $(SHARE)/$(dir $d) && cp -r $d $(SHARE)/$d;)
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	sed 's|/usr/local/|$(PREFIX)/|' systemd/lumad.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/lumad.service
	install -Dm644 systemd/lumad.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/lumad.conf
	test -e $(DESTDIR)$(SYSCONFDIR)/lumad/lumad.conf || \
	    install -Dm644 config/lumad.conf $(DESTDIR)$(SYSCONFDIR)/lumad/lumad.conf
	install -Dm644 -t $(DESTDIR)$(PREFIX)/share/doc/lumad LICENSE README.md
clean: ; rm -rf $(BUILD) web/dist
