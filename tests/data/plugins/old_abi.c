/* For tests: made for another version of the header. */
#include <lumad_node.h>

LUMAD_PLUGIN = { { LUMAD_NODE_ABI + 1, 0, 0, 0, 0, 0, 0, 0, 0 }, "1", "test", "", NULL, 0 };
