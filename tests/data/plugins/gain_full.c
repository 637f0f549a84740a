#define FACTOR 1.0
#define VERSION "2"
#include "gain_body.h"
