// One call of veloci-unpack: its command line, its log, and the image.
#pragma once
#include "executor/log/problem.h"
#include "generated/plan.gen.h"
#include "image/program/image_files.h"
#include "image/program/layers.h"
#include "launcher/line/args.h"
#include "planner/planner.h"
#include "wait/interrupt.h"

namespace veloci {

struct UnpackCall {
  Arguments arguments;
  Log log;
  Signals signals;
  ImageFiles files;
  // IMAGE and REF of the first operand.
  TextOf<4096> image;
  Str reference;

  template <class Diagnostic> int fail(const Diagnostic &diagnostic) {
    show(log, diagnostic);
    return 1;
  }
  int fail_system(Str what, int err);
  // Shows what is wrong with a layer, or with the archive when `layer` is empty.
  int fail_image(const ImageFault &fault, Str layer);
};

// The documents that were read, and the engine's questions about them.
class Inquiry {
public:
  explicit Inquiry(UnpackCall &call) : call_(call) {}

  // Asks until nothing more is to be read: the answer has layers, or, once they are there, what to write. `paths` are
  // the directories of the layers, each with a NUL behind it; none = they are not there yet. 0 or the exit code, with
  // the error shown.
  int ask(const char *paths, uint32_t count, const int *layers);
  const ImageAnswer &answer() const { return answer_; }

private:
  int ask_once(const char *paths, uint32_t count);
  int read_document(const ImageDocument &document, const int *layers, uint32_t count);
  int read_in_layers(Str path, uint32_t limit, const int *layers, uint32_t count, int64_t &size);
  int note(Str name, int64_t size);

  UnpackCall &call_;
  // An index, others in it, a manifest, a configuration, accounts: each is one question, with a planner of its own.
  static constexpr uint32_t most_questions = 16;
  alignas(16) char planners_[most_questions * sizeof(Planner)];
  uint32_t planner_count_ = 0;
  Planner *planner_ = nullptr;
  ImageAnswer answer_;
  Buffer documents_, names_, kept_;
  uint32_t document_count_ = 0;
};

// What a layer is to be made of, and how many there may be.
constexpr uint32_t most_layers = 500;

// The layers of an image, made in a store. `own`: for one bundle alone, each by its place (0000, 0001 …) and without
// marks of overlay. 0 or the exit code, with the error shown.
int make_layers(UnpackCall &call, const ImageAnswer &answer, LayerStore &store, bool own);

// A bundle with a root file system of its own. Returns the exit code.
int make_bundle(UnpackCall &call, Inquiry &inquiry, const ImageAnswer &answer);

// All of it. Returns the exit code.
int unpack(UnpackCall &call);

} // namespace veloci
