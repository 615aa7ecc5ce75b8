#include "query/splitter.hpp"

#include "penstock/types/error.hpp"
#include "query/names.hpp"

#include <memory>

// PostgreSQL's client headers last: their macros are not for other people's headers.
extern "C" {
#include <postgres_fe.h>

#include <fe_utils/psqlscan.h>
#include <mb/pg_wchar.h>
}

namespace penstock::query {
namespace {

struct LexerDeleter {
    void operator()(PsqlScanState lexer) const { psql_scan_destroy(lexer); }
};
using Lexer = std::unique_ptr<std::remove_pointer_t<PsqlScanState>, LexerDeleter>;

struct BufferDeleter {
    void operator()(PQExpBuffer buffer) const { destroyPQExpBuffer(buffer); }
};
using Buffer = std::unique_ptr<PQExpBufferData, BufferDeleter>;

/// Reads line by line as psql does, which is what tells the line a statement begins on.
class Splitter {
  public:
    Splitter() : lexer_(psql_scan_create(&callbacks_)), buffer_(createPQExpBuffer()) {}

    void add_line(std::string_view line) {
        ++line_;
        if (buffer_->len > 0) {
            appendPQExpBufferChar(buffer_.get(), '\n');
        }
        psql_scan_setup(lexer_.get(), line.data(), static_cast<int>(line.size()), PG_UTF8, true);
        bool is_line_done = false;
        while (!is_line_done) {
            is_line_done = take_token();
        }
        psql_scan_finish(lexer_.get());
    }

    std::vector<Statement> finish() {
        end_statement();
        return std::move(statements_);
    }

  private:
    bool take_token() {
        const std::size_t before = buffer_->len;
        promptStatus_t prompt = PROMPT_READY;
        const PsqlScanResult found = psql_scan(lexer_.get(), buffer_.get(), &prompt);
        if (before == 0 && buffer_->len > 0) {
            first_line_ = line_;
        }
        if (found == PSCAN_SEMICOLON) {
            buffer_->data[--buffer_->len] = '\0'; // the semicolon itself
            end_statement();
            return false;
        }
        if (found == PSCAN_BACKSLASH) {
            throw Exception(ErrorKind::kOption,
                            "line " + std::to_string(line_) +
                                ": commands that begin with a backslash are psql's",
                            {}, "Use psql for them: penstock shell");
        }
        return true;
    }

    void end_statement() {
        const std::string_view text(buffer_->data, buffer_->len);
        if (!is_blank(text)) {
            statements_.push_back({std::string(text), first_line_});
        }
        resetPQExpBuffer(buffer_.get());
    }

    PsqlScanCallbacks callbacks_{nullptr}; ///< no variables
    Lexer lexer_;
    Buffer buffer_;
    int line_ = 0;
    int first_line_ = 1;
    std::vector<Statement> statements_;
};

} // namespace

std::vector<Statement> split_statements(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
        throw Exception(ErrorKind::kData, "the SQL text holds a NUL byte");
    }
    Splitter splitter;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        splitter.add_line(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return splitter.finish();
}

} // namespace penstock::query
