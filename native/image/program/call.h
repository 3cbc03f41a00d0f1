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
  // Whether somebody wants us to stop: by a signal, or who has started us for himself (--control-fd) by whatever he
  // says on his socket, or because he has gone. `fail_stopped` says so.
  bool stopped();
  int fail_stopped();
  // Waits until something of that may have happened, or `fd` can be read.
  void wait(int milliseconds, int fd = -1);
  // The socket of --control-fd; -1 when there is none.
  int owner() const;
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
  // The bundle, as an absolute path, whose root is an overlay of these layers.
  void join_in(Str bundle) { bundle_.add(bundle); }
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
  TextOf<4096> bundle_;
  uint32_t document_count_ = 0;
};

// What a layer is to be made of, and how many there may be.
constexpr uint32_t most_layers = 500;

// The layers of an image, made in a store. `own`: for one bundle alone, each by its place (0000, 0001 …) and without
// marks of overlay. 0 or the exit code, with the error shown.
int make_layers(UnpackCall &call, const ImageAnswer &answer, LayerStore &store, bool own);

// Layers in the cache.
struct CachedLayers {
  // The directory of those of this form: owners and marks may differ.
  TextOf<4096> path;
  LayerStore store;
  // Their paths, each with a NUL behind it, and their directories, the lowest first.
  Buffer paths;
  int layers[most_layers];
  uint32_t count = 0;

  const char *list() const { return count == 0 ? "" : reinterpret_cast<const char *>(paths.bytes().data); }
};

// Opens the cache of the command line, or the usual one. 0 or an errno.
int open_cache(UnpackCall &call, const ImageAnswer &answer, CachedLayers &cache);
// Makes the layers that are not in there, and opens all. 0 or the exit code, with the error shown.
int make_cached(UnpackCall &call, const ImageAnswer &answer, CachedLayers &cache);
// What layers with these owners are called together.
void form_of(const ImageAnswer &answer, Text &form);

// The directory of a bundle while it is made. What was made is taken back unless all is well.
class Draft {
public:
  ~Draft();
  // A new directory, one that is empty, or what an interrupted unpack has left. 0 or an errno.
  int open(Str name);
  // Writes config.json, the last of all. 0 or an errno.
  int finish(Str config);

  TextOf<4096> path;
  Fd fd;

private:
  bool is_new_ = false, kept_ = false;
};

int fail_bundle(UnpackCall &call, const Draft &draft, const char *what, int err);

// A bundle: of layers in the cache where overlay can be had and a copy was not asked for, else with a root file system
// of its own. Returns the exit code.
int make_bundle(UnpackCall &call, Inquiry &inquiry, const ImageAnswer &answer);

// Whether the layers of the cache can be joined over a writable layer in the bundle: tried in a mount namespace of its
// own. Makes that layer's folders.
bool has_overlay(const ImageAnswer &answer, const Draft &draft, const CachedLayers &cache);
int make_overlay_bundle(UnpackCall &call, Inquiry &inquiry, const ImageAnswer &answer, Draft &draft,
                        CachedLayers &cache);

// All of it. Returns the exit code.
int unpack(UnpackCall &call);

} // namespace veloci
