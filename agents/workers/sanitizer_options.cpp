// Linked into workers that are built with sanitizers: in the cage nothing can be written but answers, and no
// process be looked at, so that an error ends the worker.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
extern "C" const char* __ubsan_default_options() { return "halt_on_error=1"; }
