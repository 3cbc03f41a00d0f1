// Options of ASan and UBSan in the checked command.

extern "C" {
// Leaks: every process here is short and gives all memory back by ending. The log is stderr, where tests look for it.
const char *__asan_default_options();
const char *__asan_default_options() { return "detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0"; }
const char *__ubsan_default_options();
const char *__ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }
}
