#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct pg_result; // libpq's PGresult

namespace penstock::query {

enum class Format : std::uint8_t { kTable, kCsv, kJson, kNdjson, kLine };

/// The names that --output takes, in the order of the help.
[[nodiscard]] const std::vector<std::string>& format_names();
[[nodiscard]] std::optional<Format> format_from_text(const std::string& text);
/// Must make_writer be given the database's types?
[[nodiscard]] bool needs_types(Format format);

struct OutputOptions {
    Format format = Format::kTable;
    bool has_header = true; ///< table, csv
    char separator = ',';   ///< csv
    bool has_pager = false; ///< table, line: long results go through the user's pager
};

/// Output cannot be written any more: stop. EPIPE means that its reader is gone (`| head`) and is
/// no failure; anything else is (a full disk).
struct OutputClosed {
    int error; ///< errno
};

/// Prints one result. Written rows are not kept, so a result may be larger than memory, unless
/// `needs_whole_result`.
/// Errors: OutputClosed, or Interrupted by what ended a write, from any call.
class ResultWriter {
  public:
    ResultWriter() = default;
    virtual ~ResultWriter() = default;
    ResultWriter(const ResultWriter&) = delete;
    ResultWriter& operator=(const ResultWriter&) = delete;

    /// True: `rows` comes once, with everything, between `begin` and `end`.
    [[nodiscard]] virtual bool needs_whole_result() const { return false; }
    virtual void begin(const pg_result& columns) = 0;
    virtual void rows(const pg_result& result) = 0;
    virtual void end() = 0;
    /// Instead of `end` when the statement failed after `begin`. What is printed then never looks
    /// like a complete result where the format can show it.
    virtual void fail(const std::string& message) { (void)message; }
    /// A statement without rows, such as "CREATE TABLE".
    virtual void command(const std::string& tag) { (void)tag; }
};

class TypeNames;

/// `types` is used by the formats that `needs_types` names and must outlive the writer.
[[nodiscard]] std::unique_ptr<ResultWriter> make_writer(const OutputOptions& options,
                                                        const TypeNames& types, std::FILE* out);

/// Writes all of it. Errors: OutputClosed; Interrupted.
void write_text(std::FILE* out, const std::string& text);
void flush(std::FILE* out);
/// A write has failed: `error` is its errno. Leaves nothing in the buffer that the end of the
/// process would wait to write. Errors: Interrupted after an interrupt, else OutputClosed.
[[noreturn]] void give_up_output(std::FILE* out, int error);

} // namespace penstock::query
