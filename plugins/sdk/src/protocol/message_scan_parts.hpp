#pragma once

#include "penstock/protocol/messages.hpp"

/// What the requests of a table and of a join are both made of.
namespace penstock {

using WireValues = google::protobuf::RepeatedPtrField<wire::Value>;
using WireQuals = google::protobuf::RepeatedPtrField<wire::ScanQual>;

/// "malformed scan request: what"
[[nodiscard]] Error refuse_scan(const std::string& what);
[[nodiscard]] Result<TypeId> type_from_wire(std::uint32_t number);
[[nodiscard]] Result<QualOp> op_from_wire(std::uint32_t number);
/// Values of a condition on `column`: never NULL.
[[nodiscard]] Result<std::vector<Value>> read_values(const WireValues& from, TypeId type,
                                                     const std::string& column);
[[nodiscard]] Result<std::vector<Qual>> read_quals(const WireQuals& from);
void write_qual(const Qual& from, wire::ScanQual& to);

// message_join.cpp
void write_message(const Join& from, wire::Join& to);
[[nodiscard]] Result<Join> read_message(const wire::Join& from);

} // namespace penstock
