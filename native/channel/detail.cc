#include "channel/detail.h"

namespace veloci {

Text &Detail::start(DetailPart part) {
  text_.clear();
  return next(part);
}

Text &Detail::next(DetailPart part) {
  if (!empty()) text_.add_char(0);
  return text_.add_char(static_cast<char>(static_cast<uint8_t>(part) + 1));
}

Text &Detail::words() { return start(DetailPart::words); }

} // namespace veloci
