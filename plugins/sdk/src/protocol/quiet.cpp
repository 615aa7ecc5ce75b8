#include "penstock/protocol/quiet.hpp"

#include <google/protobuf/stubs/logging.h>

namespace penstock {

void silence_protobuf() {
    google::protobuf::SetLogHandler(nullptr);
}

} // namespace penstock
