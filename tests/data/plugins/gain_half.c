#define FACTOR 0.5
#define VERSION "1"
#include "gain_body.h"
