#pragma once

#include "core/frame_reader.hpp"
#include "penstock/types/schema.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace penstock::core {

/// The protocol of IMPORT FOREIGN SCHEMA from the backend's side, without its socket. As
/// ScanSession: noexcept, failure is an event with error() set.
class SchemaSession {
  public:
    enum class Event : std::uint8_t { kNeedBytes, kEnd, kError };

    SchemaSession() noexcept = default;
    SchemaSession(const SchemaSession&) = delete;
    SchemaSession& operator=(const SchemaSession&) = delete;

    [[nodiscard]] bool open(const char* connection, std::span<const char* const> tables) noexcept;
    /// Instead of asking for tables: the plugin shall forget what the connection (empty: each)
    /// said.
    [[nodiscard]] bool open_clear(const char* connection) noexcept;
    [[nodiscard]] std::span<const char> outgoing() const noexcept { return outgoing_; }
    [[nodiscard]] std::span<std::byte> want() noexcept;
    [[nodiscard]] Event received(std::size_t bytes) noexcept;
    Event closed(const char* reason) noexcept;

    /// After kEnd: the tables, each passed check_schema.
    [[nodiscard]] const std::vector<TableSchema>& tables() const noexcept { return tables_; }
    [[nodiscard]] const Error& error() const noexcept { return error_; }

    /// The options of a table or column, kept by this object so that a caller may be left by a
    /// jump.
    [[nodiscard]] const std::vector<OptionText>* options_of(const TableSchema& table) noexcept;
    [[nodiscard]] const std::vector<OptionText>* options_of(const Column& column) noexcept;

  private:
    Event handle_frame(const FrameView& frame);
    Event fail(Error error) noexcept;

    std::string outgoing_;
    std::string connection_;
    FrameReader reader_{kMaxControlFrameBytes};
    bool welcomed_ = false;
    std::vector<TableSchema> tables_;
    std::vector<OptionText> options_;
    Error error_;
};

} // namespace penstock::core
