/* For tests: every way a plug-in can be wrong when it runs. Each node passes its input on but for its fault; "gain" has none. */
#define _DEFAULT_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <lumad_node.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static volatile int zero;

static int32_t pass(const struct lumad_io *io, float gain)
{
    for (uint32_t n = 0; n < io->out[0].heads; n++)
        for (uint32_t i = 0; i < io->count; i++)
            for (uint32_t c = 0; c < io->out[0].channels; c++)
                *lumad_at(io, 0, n, i, c) = gain * lumad_get(&io->in[0], n, (int32_t)i, c);
    return 0;
}

static int32_t gain(const struct lumad_io *io)
{
    return pass(io, (float)io->params[0].number);
}

static int32_t divide(const struct lumad_io *io)
{
    return pass(io, (float)((int)io->count / zero));
}

static int32_t loop(const struct lumad_io *io)
{
    while (!zero)
        pass(io, 1);
    return 0;
}

static int32_t wait_long(const struct lumad_io *io)
{
    nanosleep(&(struct timespec){ 3600, 0 }, NULL);
    return pass(io, 1);
}

static int32_t beyond(const struct lumad_io *io)
{
    const struct lumad_output *o = &io->out[0];

    o->data[(size_t)o->heads * io->count * o->channels + 4] = 1;
    return pass(io, 1);
}

static int32_t before(const struct lumad_io *io)
{
    volatile float *p = io->out[0].data;

    p[-2000] = 1;
    return pass(io, 1);
}

static int32_t into_input(const struct lumad_io *io)
{
    *(volatile float *)(uintptr_t)io->in[0].data = 1;
    return pass(io, 1);
}

static int32_t nan_out(const struct lumad_io *io)
{
    return pass(io, NAN);
}

static int32_t leave(const struct lumad_io *io)
{
    _exit((int)io->count % 2 + 7);
}

/* Until there is no more; then it goes on without. */
static int32_t eat(const struct lumad_io *io)
{
    size_t got = 0;

    for (char *volatile p; (p = malloc(16 << 20)); got += 16) {
        p[0] = 1;
        if (got > 4096)
            return 1;
    }
    return pass(io, 1);
}

/* 0 when all that must be refused is. */
static int32_t reach_out(const struct lumad_io *io)
{
    if (fork() >= 0)
        return 1;
    if (open("/etc/hostname", O_RDONLY) >= 0 || open("/tmp/lumad-plugin-was-here", O_WRONLY | O_CREAT, 0600) >= 0)
        return 2;
    if (socket(AF_INET, SOCK_DGRAM, 0) >= 0)
        return 3;
    if (kill(getppid(), 0) == 0)
        return 4;
    char *args[] = { (char *)(uintptr_t)"/bin/true", NULL };
    execv(args[0], args);
    if (errno != EPERM)
        return 5;
    return pass(io, 1);
}

static int32_t refuse(const struct lumad_io *io)
{
    (void)io;
    return 42;
}

static const struct lumad_port in[] = { { "in", "In", "what is passed on", LUMAD_PORT_SIGNAL, 0, 0 } };
static const struct lumad_port out[] = { { "out", "Out", "the same", LUMAD_PORT_SIGNAL, 0, 0 } };
static const struct lumad_param params[] = { { "gain", "Gain", "factor", NULL, LUMAD_PARAM_FLOAT, 1, 0, 100, 0.1, NULL, NULL } };

#define FAULT(name, run) { "faulty." #name, #name, "Faulty", "A node with a fault.", in, 1, out, 1, NULL, 0, LUMAD_POINT, 0, 0, 0, 0, 0, run }

static const struct lumad_node nodes[] = {
    { "faulty.gain", "gain", "Faulty", "A node without a fault.", in, 1, out, 1, params, 1, LUMAD_POINT, 0, 0, 0, 0, 0, gain },
    FAULT(divide, divide), FAULT(loop, loop), FAULT(wait, wait_long), FAULT(beyond, beyond), FAULT(before, before), FAULT(into_input, into_input),
    FAULT(nan, nan_out), FAULT(leave, leave), FAULT(eat, eat), FAULT(reach_out, reach_out), FAULT(refuse, refuse),
};

LUMAD_PLUGIN = { LUMAD_PLUGIN_SIZES, "1.0", "test", "Faults.", nodes, sizeof nodes / sizeof *nodes };
