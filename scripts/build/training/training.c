/*
 * Runs training.js often with an instrumented QuickJS, so that the compiler learns which parts of it the engine
 * uses. All of it is deterministic, addresses included: the profile, and with it the library, is the same each time.
 */
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { rounds = 40, header = 16 };

static const size_t capacity = 256u << 20;
static char *arena;
static size_t used;

static void *arena_malloc(JSMallocState *state, size_t size) {
  (void)state;
  size = (size + 15) & ~(size_t)15;
  if (used + size + header > capacity) return NULL;
  char *block = arena + used;
  memcpy(block, &size, sizeof size);
  used += size + header;
  return block + header;
}

static size_t arena_size(const void *block) {
  size_t size;
  memcpy(&size, (const char *)block - header, sizeof size);
  return size;
}

static void arena_free(JSMallocState *state, void *block) {
  (void)state;
  (void)block;
}

static void *arena_realloc(JSMallocState *state, void *block, size_t size) {
  if (block == NULL) return arena_malloc(state, size);
  if (size == 0) return NULL;
  size_t old = arena_size(block);
  if (size <= old) return block;
  void *moved = arena_malloc(state, size);
  if (moved != NULL) memcpy(moved, block, old);
  return moved;
}

static void fail(JSContext *context, const char *what) {
  JSValue error = JS_GetException(context);
  const char *text = JS_ToCString(context, error);
  fprintf(stderr, "training: %s: %s\n", what, text != NULL ? text : "unknown error");
  exit(1);
}

static const JSMallocFunctions functions = {arena_malloc, arena_free, arena_realloc, arena_size};

/* Compiles the script; the bytecode stays in the arena, below what the rounds use. */
static uint8_t *compile(const char *source, size_t length, size_t *size) {
  JSContext *context = JS_NewContext(JS_NewRuntime2(&functions, NULL));
  int flags = JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY;
  JSValue function = JS_Eval(context, source, length, "training.js", flags);
  if (JS_IsException(function)) fail(context, "compile");
  uint8_t *bytecode = JS_WriteObject(context, size, function, JS_WRITE_OBJ_BYTECODE);
  if (bytecode == NULL) fail(context, "write");
  return bytecode;
}

static void run(const uint8_t *bytecode, size_t size) {
  JSContext *context = JS_NewContext(JS_NewRuntime2(&functions, NULL));
  JSValue function = JS_ReadObject(context, bytecode, size, JS_READ_OBJ_BYTECODE);
  if (JS_IsException(function)) fail(context, "read");
  JSValue result = JS_EvalFunction(context, function);
  if (JS_IsException(result)) fail(context, "run");
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
  if (file == NULL) return 2;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  arena = mmap((void *)0x200000000000, capacity, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (arena == MAP_FAILED) return 2;
  static char source[1 << 20];
  size_t length = fread(source, 1, sizeof source - 1, file);
  size_t size;
  uint8_t *bytecode = compile(source, length, &size);
  size_t start = used;
  for (int round = 0; round < rounds; round++) {
    used = start;
    run(bytecode, size);
  }
  return 0;
}
