#pragma once

#include "penstock/protocol/block_builder.hpp"
#include "penstock/protocol/messages.hpp"

#include <cstring>
#include <string>
#include <vector>

/// Frames as a plugin would send them, for the tests of core/.
namespace penstock::core::test {

inline std::string welcome(std::uint32_t version = kProtocolVersion,
                           std::uint32_t magic = kProtocolMagic) {
    wire::Welcome message;
    message.set_magic(magic);
    message.set_version(version);
    message.set_plugin("test");
    std::string out;
    append_message_frame(FrameKind::kWelcome, message, out);
    return out;
}

inline std::string end(std::uint64_t rows, std::vector<std::string> warnings = {}) {
    wire::End message;
    message.set_row_count(rows);
    for (std::string& warning : warnings) {
        message.add_warnings(std::move(warning));
    }
    std::string out;
    append_message_frame(FrameKind::kEnd, message, out);
    return out;
}

inline std::string end_of_part(std::uint64_t rows, std::uint32_t part_count) {
    wire::End message;
    message.set_row_count(rows);
    message.set_part_count(part_count);
    std::string out;
    append_message_frame(FrameKind::kEnd, message, out);
    return out;
}

inline std::string error(const Error& error) {
    wire::ErrorMessage message;
    write_message(error, message);
    std::string out;
    append_message_frame(FrameKind::kError, message, out);
    return out;
}

inline std::string block(const std::vector<ColumnBuilder>& columns, std::uint32_t rows) {
    std::vector<std::byte> frame;
    build_block_frame(columns, rows, frame);
    return {reinterpret_cast<const char*>(frame.data()), frame.size()};
}

/// A block of one int8 column with these values.
inline std::string int8_block(const std::vector<std::int64_t>& values) {
    std::vector<ColumnBuilder> columns;
    columns.emplace_back(TypeId::kInt8);
    for (const std::int64_t value : values) {
        columns[0].append_fixed(value);
    }
    return block(columns, static_cast<std::uint32_t>(values.size()));
}

/// A block of one text column; nullptr = NULL.
inline std::string text_block(const std::vector<const char*>& values) {
    std::vector<ColumnBuilder> columns;
    columns.emplace_back(TypeId::kText);
    for (const char* value : values) {
        if (value == nullptr) {
            columns[0].append_null();
        } else {
            columns[0].append_text(value);
        }
    }
    return block(columns, static_cast<std::uint32_t>(values.size()));
}

} // namespace penstock::core::test
