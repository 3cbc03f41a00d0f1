// Data that the build puts into the command.
#pragma once
#include <stdint.h>

extern "C" {
// The engines as QuickJS bytecode of scripts (not modules) for JS_ReadObject and JS_EvalFunction. Each defines the
// global object `veloci` with the exports of src/engine/main.ts, tools.ts or images.ts. A program has those that it
// asks.
[[gnu::weak]] extern const uint8_t veloci_main_engine[];
[[gnu::weak]] extern const uint32_t veloci_main_engine_size;
// SHA-256 of its script, 64 hexadecimal digits.
extern const char veloci_main_engine_digest[];
[[gnu::weak]] extern const uint8_t veloci_tools_engine[];
[[gnu::weak]] extern const uint32_t veloci_tools_engine_size;
[[gnu::weak]] extern const uint8_t veloci_images_engine[];
[[gnu::weak]] extern const uint32_t veloci_images_engine_size;
// The program that enters containers: a static ELF file.
extern const uint8_t veloci_init[];
extern const uint32_t veloci_init_size;
// The texts of the command explain, as JSON (src/engine/topics.ts).
extern const uint8_t veloci_explain[];
extern const uint32_t veloci_explain_size;
}
