/* For tests: a library, but no plug-in. */
__attribute__((visibility("default"))) extern const int something;
const int something = 1;
