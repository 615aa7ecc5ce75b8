#pragma once

#include "config/syntax.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::config::hcl {

/// A syntax error on its way out of the parser; never leaves parse_hcl.
struct Fault {
    Error error;
    Mark mark; ///< column in bytes
};

[[noreturn]] void fail(Mark mark, std::string message, std::string hint = {});

/// What has been read so far. The grammar's actions call it in the order of the text; it never has
/// to take anything back.
class Builder {
  public:
    // --- text of the string or heredoc in hand
    std::string text;
    Mark comment_start; ///< of the last block comment

    void append_escape(Mark mark, std::string_view escape);

    // --- values: a stack whose top is the value just finished, or the list or object being filled
    void push(Mark mark, decltype(Expression::value) value);
    void push_number(Mark mark, std::string_view digits);
    void push_keyword();
    void push_reference();
    void push_call(Mark argument_mark);
    void close_list_item();
    void begin_entry(Mark mark, std::string key);
    void close_entry();

    // --- the word in front of a value's rest
    void begin_word(Mark mark, std::string_view word);
    void add_word(std::string_view word) { words_.emplace_back(word); }

    // --- arguments and blocks
    void begin_item(Mark mark, std::string_view name);
    void add_label(std::string label) { labels_.push_back(std::move(label)); }
    void close_attribute();
    void open_block();
    void close_block(Mark mark);

    // --- heredocs
    void begin_heredoc() { is_flush_ = false; }
    void set_flush() { is_flush_ = true; }
    void set_heredoc_name(std::string_view name) { heredoc_name_ = name; }
    [[nodiscard]] const std::string& heredoc_name() const noexcept { return heredoc_name_; }
    /// Takes the raw lines between the two markers and leaves the value in `text`.
    void take_heredoc(Mark first_line, std::string_view lines);

    // --- for messages
    [[nodiscard]] const std::string& item_name() const noexcept { return item_name_; }
    [[nodiscard]] bool has_labels() const noexcept { return !labels_.empty(); }
    [[nodiscard]] int open_value_line() const { return values_.back().start.line; }
    [[nodiscard]] const Block& block_in_hand() const { return blocks_.back(); }

    [[nodiscard]] Document finish() {
        return {std::move(blocks_[0].attributes), std::move(blocks_[0].blocks)};
    }

  private:
    [[nodiscard]] Expression pop();

    std::vector<Expression> values_;
    std::vector<ObjectItem> entries_;       ///< keys whose values are being read
    std::vector<Block> blocks_ = {Block{}}; ///< the first is the document itself
    std::vector<std::string> words_;
    Mark word_mark_;
    std::string item_name_;
    Mark item_mark_;
    std::vector<std::string> labels_;
    std::string heredoc_name_;
    bool is_flush_ = false;
};

} // namespace penstock::config::hcl
