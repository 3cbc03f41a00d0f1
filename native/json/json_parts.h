// Parts of a JSON text that close themselves: what generated/protocol.gen.h builds on.
#pragma once
#include "json/json_writer.h"

namespace veloci {

// The number that decimal digits stand for; 0 for anything else.
int64_t decimal_of(Str digits);

// An object: open while this lives.
class ObjectWriter {
public:
  explicit ObjectWriter(JsonWriter &json) : json_(json) { json_.open('{'); }
  ~ObjectWriter() { json_.close('}'); }
  ObjectWriter(const ObjectWriter &) = delete;
  ObjectWriter &operator=(const ObjectWriter &) = delete;

protected:
  JsonWriter &json_;
};

class ArrayWriter {
public:
  explicit ArrayWriter(JsonWriter &json) : json_(json) { json_.open('['); }
  ~ArrayWriter() { json_.close(']'); }
  ArrayWriter(const ArrayWriter &) = delete;
  ArrayWriter &operator=(const ArrayWriter &) = delete;

protected:
  JsonWriter &json_;
};

class StringListWriter : public ArrayWriter {
public:
  using ArrayWriter::ArrayWriter;
  void add(Str value) { json_.string(value); }
};

// Pairs of integers.
class PairListWriter : public ArrayWriter {
public:
  using ArrayWriter::ArrayWriter;
  void add(int64_t first, int64_t second) { pair(json_, first, second); }
  static void pair(JsonWriter &json, int64_t first, int64_t second) {
    json.open('[').integer(first).integer(second).close(']');
  }
};

template <class Element> class ListWriter : public ArrayWriter {
public:
  using ArrayWriter::ArrayWriter;
  Element next() { return Element(json_); }
};

// Numbers by name.
class NumberMapWriter : public ObjectWriter {
public:
  using ObjectWriter::ObjectWriter;
  void add(const char *name, int64_t value) { json_.key(name).integer(value); }
};

} // namespace veloci
