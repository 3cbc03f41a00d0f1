#include "launcher/running/observation.h"
#include "launcher/call/bundle.h"
#include "observe/observe.h"

namespace veloci {

using namespace diagnostic;

int read_document(Invocation &invocation, Str path, Buffer &out) {
  if (const Buffer *document = invocation.document; document != nullptr)
    return answer_read(invocation, path, out.add(document->bytes().data, document->size()) ? 0 : errno);
  if (!(path == Str::of("-"))) return read_given(invocation, path, out);
  return answer_read(invocation, Str::of("standard input"),
                     read_all(STDIN_FILENO, config_size_max, out, &invocation.signals));
}

int read_observation(Invocation &invocation, const List<FileLook> &looks, Status status, Buffer &out) {
  constexpr size_t usual = 256 * 1024, most = 16 << 20;
  const Context &context = invocation.context;
  // A longer text takes another try.
  for (size_t size = usual;; size *= 4) {
    if (!out.reserve(size)) return invocation.fail_call(what::observe, errno);
    JsonWriter json(reinterpret_cast<char *>(out.data()), size);
    int err;
    {
      ObservationWriter writer(json);
      err = observe(*context.record, looks, status != Status::created, writer);
    }
    if (err == ESRCH) return invocation.fail(ContainerEnded{.id = context.id});
    if (err != 0) return invocation.fail_call(what::observe, err);
    if (json.full() && size < most) continue;
    if (json.full()) return invocation.fail_call(what::observe, ENOBUFS);
    out.set_size(json.text().size);
    return 0;
  }
}

int read_asked(Invocation &invocation, const List<FileLook> &looks, Status status, Request &request) {
  FileLook first = *looks.begin();
  return first.where == FileLookWhere::document ? read_document(invocation, first.path, request.config)
                                                : read_observation(invocation, looks, status, request.live);
}

} // namespace veloci
