// Prints what the reader finds in encoded plans, one JSON line a file: for comparison with what was encoded.
//   plan_dump FILE...
#include <stdio.h>
#include <stdlib.h>
#include "generated/plan_fields.gen.h"
#include "plan/plan_file.h"

using namespace veloci;

namespace {

void print(const OpRecord &record);
void print(const TemplatePart &part);
void print(const Template &value);
template <class T>
requires __is_class(T) void print(const T &value);
template <class T> void print(const Optional<T> &value);
template <class T> void print(const List<T> &list);

void print(bool value) { printf(value ? "true" : "false"); }
[[maybe_unused]] void print(uint8_t value) { printf("%u", value); }
void print(uint32_t value) { printf("%u", value); }
void print(int32_t value) { printf("%d", value); }
void print(uint64_t value) { printf("\"%llu\"", static_cast<unsigned long long>(value)); }
[[maybe_unused]] void print(int64_t value) { printf("\"%lld\"", static_cast<long long>(value)); }
void print(Slot value) { printf("%u", value.number); }

void print(Bytes value) {
  putchar('"');
  for (size_t i = 0; i < value.size; ++i) printf("%02x", value.data[i]);
  putchar('"');
}

void print(Str value) {
  putchar('"');
  for (uint32_t i = 0; i < value.size; ++i) {
    unsigned char byte = static_cast<unsigned char>(value.data[i]);
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      printf("\\u%04x", byte);
    } else {
      putchar(byte);
    }
  }
  putchar('"');
}

template <class T>
requires __is_enum(T) void print(T value) { printf("%u", static_cast<unsigned>(value)); }

template <class T> void print(const Optional<T> &value) {
  if (value) {
    print(value.value);
  } else {
    printf("null");
  }
}

template <class T>
requires __is_class(T) void print(const T &value) {
  const char *separator = "{";
  each_field(value, [&](const char *name, const auto &field) {
    printf("%s\"%s\":", separator, name);
    print(field);
    separator = ",";
  });
  printf(*separator == '{' ? "{}" : "}");
}

template <class T> void print(const List<T> &list) {
  const char *separator = "";
  putchar('[');
  for (const T &element : list) {
    printf("%s", separator);
    print(element);
    separator = ",";
  }
  putchar(']');
}

void print(const Template &value) {
  const char *separator = "";
  putchar('[');
  value.for_each([&](const TemplatePart &part) {
    printf("%s", separator);
    print(part);
    separator = ",";
  });
  putchar(']');
}

void print(const TemplatePart &part) {
  if (part.is_hole) {
    print(part.hole);
  } else {
    print(part.literal);
  }
}

void print(const OpRecord &record) {
  printf("{\"op\":\"%s\",\"fields\":", operation_name(record.code));
  if (!visit_operation(record, [](const auto &operation) { print(operation); })) printf("null");
  putchar('}');
}

void print_plan(Bytes bytes) {
  const char *what = nullptr;
  if (!verify(bytes, &what)) {
    printf("{\"error\":\"%s\"}\n", what);
    return;
  }
  PlanFile plan;
  if (!PlanFile::open(bytes, plan, &what)) abort();
  const char *separator = "{\"programs\":{";
  for (uint32_t i = 0; i < plan.size(); ++i) {
    Program program = plan.at(i);
    printf("%s\"%s\":[", separator, program_name(program.name()));
    separator = "";
    for (const OpRecord &record : program) {
      printf("%s", separator);
      print(record);
      separator = ",";
    }
    separator = "],";
  }
  printf(plan.size() == 0 ? "{\"programs\":{}}\n" : "]}}\n");
}

} // namespace

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    FILE *file = fopen(argv[i], "rb");
    if (!file) return 1;
    fseek(file, 0, SEEK_END);
    size_t size = static_cast<size_t>(ftell(file));
    rewind(file);
    // A buffer of exactly this size, so that the sanitizer sees every read beyond the end.
    uint8_t *data = static_cast<uint8_t *>(malloc(size ? size : 1));
    if (fread(data, 1, size, file) != size) return 1;
    fclose(file);
    print_plan({data, size});
    free(data);
  }
  return 0;
}
