# lumad. `make demo` shows it, `make test` checks it, `make` builds it.
# Override any variable on the command line or in an untracked config.mk.
PREFIX  ?= /usr/local
VARIANT ?= release
CFLAGS  ?= -g
BUILD   ?= build
-include config.mk

PKGS  := libmicrohttpd libwebsockets sqlite3 jansson portaudio-2.0 sndfile samplerate kissfft-float \
         libcurl uuid libxml-2.0 libsystemd libsodium
# `make unit ROOMS="core graph"` builds and tests only these rooms of daemon/.
ROOMS ?= $(notdir $(patsubst %/,%,$(sort $(wildcard daemon/*/))))
SRC   := $(sort $(foreach r,$(ROOMS),$(shell find daemon/$r -name '*.c')))
UNIT  := $(sort $(foreach r,$(ROOMS),$(wildcard tests/unit/$r/test_*.c)))
FUZZ  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(sort $(wildcard tests/bench/bench_*.c))
WORKERS := $(sort $(patsubst workers/%.c,%,$(wildcard workers/*_worker.c)))

# One build directory per variant: switching never forces a rebuild.
B           := $(BUILD)/$(VARIANT)
FOR_release := -O2 -D_FORTIFY_SOURCE=2
FOR_debug   := -Og
FOR_trap    := -Og -DLUMAD_RT_TRAP
FOR_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FOR_tsan    := -O1 -fsanitize=thread
FOR_cov     := -O0 --coverage
FOR_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
WARN        := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes \
               -Wmissing-prototypes -Wwrite-strings -Wpointer-arith $(if $(RELAXED),,-Werror)
# Goldens compare DMX bytes: no fused multiply-add, no reordering of sums.
ALL_CFLAGS  := -std=c11 -D_GNU_SOURCE -Idaemon -pthread $(WARN) -ffp-contract=off $(FOR_$(VARIANT)) \
               -DLUMAD_PREFIX='"$(PREFIX)"' -ffile-prefix-map=$(CURDIR)=. \
               $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CFLAGS)
LDLIBS      := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -linih -lm
LIB         := $(SRC:%.c=$B/%.o)
UNIT_BIN    := $(UNIT:%.c=$B/%)
WORKER_BIN  := $(WORKERS:%=$B/%)
BENCH_BIN   := $(BENCH:%.c=$B/%)
LINK         = $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)

.PHONY: all daemon web deps demo run test unit golden e2e browser asan tsan trap valgrind coverage fuzz fuzz-run bench \
        lint format generated install clean
.SECONDARY:
.DELETE_ON_ERROR:
all: daemon web
daemon: $B/lumad $(WORKER_BIN)
$B/lumad: $B/daemon/main.o $B/lumad.a          ; $(LINK)
$(WORKER_BIN): $B/%: $B/workers/%.o $B/lumad.a ; $(LINK)
$B/tests/unit/%: $B/tests/unit/%.o $B/lumad.a  ; @mkdir -p $(@D); $(LINK)
$B/tests/bench/%: $B/tests/bench/%.o $B/lumad.a; @mkdir -p $(@D); $(LINK)
$B/tests/fuzz/%: $B/tests/fuzz/%.o $B/lumad.a  ; @mkdir -p $(@D); $(LINK) -fsanitize=fuzzer
$B/lumad.a: $(LIB)                             ; @rm -f $@ && $(AR) rcsD $@ $^
$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
-include $(patsubst %.c,$B/%.d,$(SRC) $(UNIT) $(FUZZ) $(BENCH) $(wildcard workers/*.c) daemon/main.c)

# Test programs may be built anywhere; the files they read are here.
unit: export LUMAD_SHARE ?= $(CURDIR)
unit: $(UNIT_BIN) $(if $(filter analysis,$(ROOMS)),$(WORKER_BIN))
	@prove --jobs 2 --exec "$(UNDER)" $(UNIT_BIN)
