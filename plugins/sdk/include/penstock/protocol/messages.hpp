#pragma once

#include "penstock/protocol/frame.hpp"
#include "penstock/protocol/messages.pb.h"
#include "penstock/types/config_value.hpp"
#include "penstock/types/request.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// Between the C++ types of types/ and the messages of messages.proto. The `read_*` functions check
/// what arrives (enum numbers, counts, names) and return kProtocol for what does not fit.
namespace penstock {

/// `text` with '?' for each byte that cannot stand in a PostgreSQL text or a protobuf string: what
/// an error message quotes may be anything.
[[nodiscard]] std::string replace_invalid_text(std::string text);

void write_message(const Error& from, wire::ErrorMessage& to);
[[nodiscard]] Error read_message(const wire::ErrorMessage& from);

void write_message(const Value& from, TypeId type, wire::Value& to);
[[nodiscard]] Result<Value> read_message(const wire::Value& from, TypeId type);

void write_message(const ConfigValue& from, wire::ConfigValue& to);
[[nodiscard]] ConfigValue read_message(const wire::ConfigValue& from);

void write_message(const SortKey& from, wire::SortKey& to);
[[nodiscard]] SortKey read_message(const wire::SortKey& from);

void write_message(const ScanRequest& from, wire::Scan& to);
[[nodiscard]] Result<ScanRequest> read_message(const wire::Scan& from);

void write_message(const std::vector<TableSchema>& from, wire::Schema& to);
[[nodiscard]] Result<std::vector<TableSchema>> read_message(const wire::Schema& from);

void write_message(const std::vector<SchemaProblem>& from, wire::Schema& to);
/// The first kMaxProblems.
[[nodiscard]] std::vector<SchemaProblem> read_problems(const wire::Schema& from);

void write_message(const ArgumentSpec& from, wire::ArgumentSpec& to);
[[nodiscard]] ArgumentSpec read_message(const wire::ArgumentSpec& from);

/// `min_version`: the lowest that the sender can do with, for what it is about to ask.
[[nodiscard]] wire::Hello make_hello(const char* peer,
                                     std::uint32_t min_version = kMinProtocolVersion);

/// The version both sides will speak. Errors: kProtocol, naming both ranges, when there is none or
/// the magic does not match.
[[nodiscard]] Result<std::uint32_t> agree_on_version(const wire::Hello& peer);

/// Appends a frame with `message` as its payload.
template <typename Message>
void append_message_frame(FrameKind kind, const Message& message, std::string& out) {
    const FrameHeader header =
        make_header(kind, static_cast<std::uint32_t>(message.ByteSizeLong()));
    out.append(reinterpret_cast<const char*>(&header), sizeof(header));
    message.AppendToString(&out);
}

/// Parses the payload of a frame. Errors: kProtocol, naming the message.
template <typename Message>
[[nodiscard]] Status parse_message(std::span<const std::byte> payload, Message& message) {
    if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return Error::make(ErrorKind::kProtocol,
                           "malformed message of type " + message.GetTypeName());
    }
    return {};
}

} // namespace penstock
