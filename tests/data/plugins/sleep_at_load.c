/* For tests: never done with being loaded, and computes nothing meanwhile. */
#include <unistd.h>

__attribute__((constructor)) static void rest(void)
{
    for (;;)
        sleep(1000);
}
