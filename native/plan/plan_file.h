// An encoded plan: header, table of programs, operations.
#pragma once
#include "generated/plan.gen.h"

namespace veloci {

// Operations that one process runs in order.
class Program {
public:
  class Iterator {
  public:
    Iterator(Bytes bytes, uint32_t index, uint32_t count) : reader_(bytes), count_(count) { load(index); }
    const OpRecord &operator*() const { return record_; }
    const OpRecord *operator->() const { return &record_; }
    Iterator &operator++() {
      load(record_.index + 1);
      return *this;
    }
    bool operator!=(const Iterator &other) const { return record_.index != other.record_.index; }

  private:
    void load(uint32_t index) {
      if (index < count_ && !read(reader_, record_)) index = count_;
      record_.index = index;
    }

    Reader reader_;
    uint32_t count_;
    OpRecord record_;
  };

  Program() = default;
  Program(ProgramName name, Bytes bytes, uint32_t count) : name_(name), bytes_(bytes), count_(count) {}

  ProgramName name() const { return name_; }
  uint32_t size() const { return count_; }
  Iterator begin() const { return Iterator(bytes_, 0, count_); }
  Iterator end() const { return Iterator(Bytes{}, count_, count_); }

private:
  ProgramName name_{};
  Bytes bytes_;
  uint32_t count_ = 0;
};

// A plan whose header and table have been checked.
class PlanFile {
public:
  // On failure `what` says what is wrong.
  static bool open(Bytes bytes, PlanFile &plan, const char **what);

  // The program of this name; false when the plan has none.
  bool find(ProgramName name, Program &program) const;
  uint32_t size() const { return count_; }
  // Program number `index` of the table, in the order of ProgramName.
  Program at(uint32_t index) const;

private:
  Bytes bytes_;
  uint32_t count_ = 0;
};

// Checks all of a plan: every field of every operation, and that each program holds only what its process may run.
bool verify(Bytes bytes, const char **what);

// Opens a plan that somebody else has checked, for its programs of stager and init: checks all of these.
bool open_inner(Bytes bytes, PlanFile &plan, const char **what);

} // namespace veloci
