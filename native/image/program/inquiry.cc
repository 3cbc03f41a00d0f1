#include <fcntl.h>
#include <new>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/architecture.h"
#include "base/sys.h"
#include "generated/protocol.gen.h"
#include "host/sha256.h"
#include "image/overlay_marks.h"
#include "image/program/call.h"
#include "image/tree.h"

namespace veloci {

using namespace diagnostic;

namespace {

constexpr Str own_platform = Str{native_architecture == AUDIT_ARCH_X86_64 ? "linux/amd64" : "linux/arm64", 11};

void add_all(StringListWriter list, const Arguments &arguments, cli::Flag flag) {
  for (const GivenFlag &given : arguments) {
    if (given.spec->flag == flag) list.add(given.text);
  }
}

bool has_unified_cgroups() {
  struct statfs status;
  return statfs("/sys/fs/cgroup", &status) == 0 && static_cast<uint64_t>(status.f_type) == sys::magic_cgroup2;
}

// Whether a layer hides what is below in the folder of a file that it lacks, or everything.
bool hides(int layer, Str path) {
  TextOf<256> folder;
  const void *slash = memrchr(path.data, '/', path.size);
  if (slash != nullptr) folder.add(path.data, static_cast<size_t>(static_cast<const char *>(slash) - path.data));
  Fd parent = open_below(layer, folder.c_str());
  return is_opaque(layer) || (parent.valid() && is_opaque(parent.get()));
}

} // namespace

int UnpackCall::fail_system(Str what, int err) { return fail(SystemCall{.what = what, .errno_ = ErrnoText(err)}); }

int UnpackCall::fail_image(const ImageFault &fault, Str layer) {
  Str what_text = fault.what.str(), path = fault.path.str();
  if (fault.kind == ImageFault::Kind::stopped) return fail_stopped();
  if (layer.empty()) {
    if (fault.kind == ImageFault::Kind::system)
      return fail(ImageOpen{.path = image.str(), .errno_ = ErrnoText(fault.err)});
    return fail(ImageArchive{.what = what_text, .path = path});
  }
  switch (fault.kind) {
  case ImageFault::Kind::digest: return fail(ImageDigest{.name = layer, .actual = what_text, .wanted = path});
  case ImageFault::Kind::through: return fail(ImageThrough{.layer = layer, .path = path});
  case ImageFault::Kind::limit: return fail(ImageLimit{.layer = layer, .what = what_text, .path = path});
  case ImageFault::Kind::system:
    return fail(ImageWrite{.what = what_text, .path = path, .layer = layer, .errno_ = ErrnoText(fault.err)});
  default: return fail(ImageContents{.layer = layer, .what = what_text, .path = path});
  }
}

int Inquiry::note(Str name, int64_t size) {
  document_count_++;
  bool ok = names_.add(&size, sizeof size) && names_.add(name.data, name.size) && names_.add("", 1);
  return ok ? 0 : call_.fail_system(what::ask_planner, errno);
}

// The file of the topmost layer that has it. A link leads nowhere, and what is no file is not there: a FIFO would hold
// us up.
int Inquiry::read_in_layers(Str path, uint32_t limit, const int *layers, uint32_t count, int64_t &size) {
  size = -1;
  for (uint32_t i = count; i > 0; i--) {
    sys::OpenHow how{O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, sys::resolve_inside};
    Fd place(sys::openat2(layers[i - 1], path.c_str(), how));
    if (!place.valid() && errno == ENOENT) {
      if (hides(layers[i - 1], path)) return 0;
      continue;
    }
    struct stat status;
    // A whiteout, too: there is none.
    if (!place.valid() || fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    if (status.st_size > static_cast<off_t>(limit))
      return call_.fail(ImageSize{.name = path, .actual = NumberText(status.st_size), .wanted = NumberText(limit)});
    how.flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
    Fd file(sys::openat2(layers[i - 1], path.c_str(), how));
    Buffer text;
    int err = file.valid() ? read_all(file.get(), limit, text) : errno;
    // One that its owner alone may read, and we are not he.
    if (err == EACCES) return 0;
    if (err != 0) return call_.fail_system(what::read_image, err);
    size = static_cast<int64_t>(text.size());
    return documents_.add(text.data(), text.size()) ? 0 : call_.fail_system(what::ask_planner, errno);
  }
  return 0;
}

int Inquiry::read_document(const ImageDocument &document, const int *layers, uint32_t count) {
  Str name = document.name;
  if (document.in_layers) {
    int64_t size;
    int code = read_in_layers(name, document.limit, layers, count, size);
    return code != 0 ? code : note(name, size);
  }
  Blob blob;
  Fd owned;
  int err = call_.files.find(name, blob, owned);
  if (err == ENOENT && document.optional) return note(name, -1);
  if (err == ENOENT) return call_.fail(ImageMissing{.name = name});
  if (err == EEXIST) return call_.fail(ImageArchive{.what = Str::of("it has a file twice"), .path = name});
  if (err != 0) return call_.fail(ImageArchive{.what = Str::of("a document is no file"), .path = name});
  bool wrong = document.size >= 0 && blob.size != static_cast<uint64_t>(document.size);
  if (wrong || blob.size > document.limit) {
    int64_t wanted = wrong ? document.size : document.limit;
    return call_.fail(
        ImageSize{.name = name, .actual = NumberText(static_cast<int64_t>(blob.size)), .wanted = NumberText(wanted)});
  }
  size_t size = static_cast<size_t>(blob.size), before = documents_.size();
  Buffer text;
  if (!text.reserve(size + 1)) return call_.fail_system(what::read_image, errno);
  for (size_t have = 0; have < size;) {
    ssize_t part = pread(blob.fd, text.data() + have, size - have, static_cast<off_t>(blob.offset + have));
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return call_.fail_system(what::read_image, part == 0 ? ENODATA : errno);
    have += static_cast<size_t>(part);
  }
  if (!document.digest.empty()) {
    Sha256 hash;
    char hex[Sha256::hex_size + 1];
    hash.add(text.data(), size);
    hash.finish(hex);
    if (!(document.digest == Str::of(hex)))
      return call_.fail(ImageDigest{.name = name, .actual = Str::of(hex), .wanted = document.digest});
  }
  if (!documents_.add(text.data(), size)) return call_.fail_system(what::ask_planner, errno);
  (void)before;
  return note(name, static_cast<int64_t>(size));
}

int Inquiry::ask_once(const char *paths, uint32_t count) {
  Buffer memory;
  size_t size = 16384 + 8 * names_.size();
  const char *path = paths;
  for (uint32_t i = 0; i < count; i++, path += strlen(path) + 1) size += 6 * strlen(path) + 16;
  for (const GivenFlag &given : call_.arguments) size += 6 * given.text.size + 64;
  size += 6 * (call_.reference.size + bundle_.size());
  if (!memory.reserve(size)) return call_.fail_system(what::ask_planner, errno);
  JsonWriter json(reinterpret_cast<char *>(memory.data()), size);
  {
    ImageRequestWriter request(json);
    if (!call_.reference.empty()) request.reference(call_.reference);
    Str platform = call_.arguments.text(cli::Flag::platform);
    request.platform(platform.empty() ? own_platform : platform);
    if (call_.arguments.has(cli::Flag::user)) request.user(call_.arguments.text(cli::Flag::user));
    {
      auto list = request.documents();
      const uint8_t *cursor = names_.data();
      for (uint32_t i = 0; i < document_count_; i++) {
        int64_t bytes;
        memcpy(&bytes, cursor, sizeof bytes);
        Str name = Str::of(reinterpret_cast<const char *>(cursor) + sizeof bytes);
        list.next().name(name).size(bytes);
        cursor += sizeof bytes + name.size + 1;
      }
    }
    add_all(request.uid_map(), call_.arguments, cli::Flag::uid_map);
    add_all(request.gid_map(), call_.arguments, cli::Flag::gid_map);
    request.euid(geteuid()).egid(getegid()).unified(has_unified_cgroups());
    if (bundle_.size() > 0) request.bundle(bundle_.str());
    if (paths != nullptr) {
      auto list = request.layers();
      path = paths;
      for (uint32_t i = 0; i < count; i++, path += strlen(path) + 1) list.add(Str::of(path));
    }
  }
  if (json.full()) return call_.fail_system(what::ask_planner, EOVERFLOW);
  // A planner answers once; its memory is the answer.
  static_assert(alignof(Planner) <= 16);
  planner_ = new (planners_ + planner_count_++ * sizeof(Planner)) Planner;
  if (int err = planner_->start(EngineName::images); err != 0) return call_.fail_system(what::start_planner, err);
  PlannerRequest message;
  message.json = json.text();
  // With no bytes there still is a blob.
  static const uint8_t none[1] = {};
  message.config = documents_.size() > 0 ? documents_.bytes() : Bytes{none, 0};
  PlannerAnswer answer = planner_ask(*planner_, message);
  Str text{reinterpret_cast<const char *>(answer.response.data), static_cast<uint32_t>(answer.response.size)};
  switch (answer.fault) {
  case PlannerFault::none: break;
  case PlannerFault::timed_out: return call_.fail(PlannerSlow{.seconds = NumberText(planner_cpu_seconds)});
  case PlannerFault::out_of_memory: return call_.fail(PlannerMemory{});
  case PlannerFault::engine: return call_.fail(Internal{.what = text});
  default: return call_.fail_system(what::talk_to_planner, answer.err);
  }
  Reader reader(answer.response);
  if (!read(reader, answer_) || !reader.at_end())
    return call_.fail(PlanInvalid{.what = Str::of("the answer about an image is malformed")});
  const Response &response = answer_.response;
  call_.log.warnings(response.warnings);
  if (response.error.empty()) return 0;
  call_.log.error({response.code, response.error, response.explained, response.keys});
  return 1;
}

int Inquiry::ask(const char *paths, uint32_t count, const int *layers) {
  while (planner_count_ < most_questions) {
    if (int code = ask_once(paths, count); code != 0) return code;
    if (answer_.documents.empty()) return 0;
    for (const ImageDocument &document : answer_.documents) {
      if (int code = read_document(document, layers, count); code != 0) return code;
    }
  }
  return call_.fail(Internal{.what = Str::of("the engine asks for ever more documents")});
}

} // namespace veloci
