#include "image/program/meter.h"

#include "base/clock.h"
#include "base/io.h"
#include "generated/protocol.gen.h"
#include "wait/interrupt.h"
#include "wait/progress.h"

namespace veloci {

namespace {

constexpr int64_t silent_time = 1000; // milliseconds

} // namespace

Meter::Meter(int control) : control_(control), begun_(monotonic_milliseconds()), terminal_(shows_progress()) {}

Meter::~Meter() {
  if (shown_) show_progress({});
}

void Meter::show(uint64_t done, uint64_t total, uint32_t layers_done, uint32_t layers) {
  bool changed = done != shown_bytes_;
  shown_bytes_ = done;
  if (changed && control_ >= 0) {
    char memory[256];
    JsonWriter json(memory, sizeof memory - 1);
    {
      ControlMessageWriter message(json);
      message.event(ControlEvent::progress).done(static_cast<int64_t>(done)).total(static_cast<int64_t>(total));
    }
    TextOf<sizeof memory> line;
    line.add(json.text()).add_char('\n');
    // Who does not read is not waited for.
    write_within(control_, line.str(), 0);
  }
  if (!terminal_ || (shown_ && !changed) || monotonic_milliseconds() - begun_ < silent_time) return;
  TextOf<128> line;
  line.add("unpacking: ").add_number(layers_done).add(" of ").add_number(layers).add(" layers, ");
  line.add_number(done >> 20).add(" of ").add_number(total >> 20).add(" MiB");
  show_progress(line.str());
  shown_ = true;
}

} // namespace veloci
