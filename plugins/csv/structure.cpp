#include "csv/structure.hpp"

#include <algorithm>
#include <utility>

namespace penstock::csv {

namespace {

constexpr std::uint32_t kBlockBytes = 64;

std::uint32_t scalar_loop(StructureIndex& index, const char* data, std::uint32_t from,
                          std::uint32_t to) {
    for (; from + kBlockBytes <= to; from += kBlockBytes) {
        index.emit(from, index.classify_bytes(data + from, kBlockBytes));
    }
    return from;
}

} // namespace

StructureIndex::StructureIndex(Dialect dialect, Kernel kernel)
    : dialect_(std::move(dialect)), block_loop_(scalar_loop) {
    if (kernel == Kernel::kBest) {
        if (const BlockLoop vector_loop = find_vector_kernel()) {
            block_loop_ = vector_loop;
        }
    }
}

void StructureIndex::add(const char* data, std::uint32_t from, std::uint32_t to) {
    const std::size_t room = std::size_t{end_count_} + (to - from) + 1;
    if (ends_.size() < room) {
        ends_.resize(room);
    }
    from = block_loop_(*this, data, from, to);
    if (from < to) {
        emit(from, classify_bytes(data + from, to - from));
    }
}

bool StructureIndex::finish(std::uint32_t end) {
    if (place_ == Place::kQuoted) {
        return false;
    }
    const bool is_row = place_ != Place::kComment && row_start_ < end;
    if (is_row) {
        ends_.resize(std::max<std::size_t>(ends_.size(), end_count_ + std::size_t{1}));
        ends_[end_count_++] = end;
        rows_.push_back({row_start_, row_first_end_});
        row_first_end_ = end_count_;
    }
    row_start_ = end;
    return true;
}

void StructureIndex::drop_rows() {
    const std::uint32_t shift = row_start_;
    std::uint32_t kept = 0;
    for (std::uint32_t at = row_first_end_; at < end_count_; ++at) {
        ends_[kept++] = ends_[at] - shift;
    }
    end_count_ = kept;
    row_first_end_ = 0;
    row_start_ = 0;
    rows_.clear();
    std::erase_if(strays_, [shift](std::uint32_t at) { return at < shift; });
    for (std::uint32_t& stray : strays_) {
        stray -= shift;
    }
    inner_newlines_ = 0;
}

BlockMasks StructureIndex::classify_bytes(const char* bytes, unsigned count) {
    BlockMasks masks;
    unsigned char all = 0;
    bool has_nul = false;
    for (unsigned at = 0; at < count; ++at) {
        const auto byte = static_cast<unsigned char>(bytes[at]);
        all |= byte;
        has_nul = has_nul || byte == 0;
        place_ = step(byte, masks, std::uint64_t{1} << at);
    }
    note_bytes(all >= 0x80, has_nul);
    return masks;
}

Place StructureIndex::step(unsigned char byte, BlockMasks& masks, std::uint64_t bit) {
    switch (place_) {
    case Place::kLineStart:
        comment_matched_ = 0;
        if (!dialect_.comment.empty() && byte == static_cast<unsigned char>(dialect_.comment[0])) {
            return step_comment_prefix(byte, masks, bit);
        }
        [[fallthrough]];
    case Place::kFieldStart:
        return is_quote(byte) ? Place::kQuoted : step_plain(byte, masks, bit);
    case Place::kUnquoted:
        return step_plain(byte, masks, bit);
    case Place::kQuoted:
        masks.inner_newlines += byte == '\n' ? 1 : 0;
        return is_quote(byte) ? Place::kQuoteInQuoted : Place::kQuoted;
    case Place::kQuoteInQuoted:
    case Place::kAfterQuoteCr:
        return step_after_quote(byte, masks, bit);
    case Place::kCommentPrefix:
        return step_comment_prefix(byte, masks, bit);
    case Place::kComment:
        break;
    }
    if (byte != '\n') {
        return Place::kComment;
    }
    masks.comment_ends |= bit;
    ++masks.inner_newlines;
    return Place::kLineStart;
}

Place StructureIndex::step_plain(unsigned char byte, BlockMasks& masks, std::uint64_t bit) const {
    if (byte == static_cast<unsigned char>(dialect_.delimiter)) {
        masks.delimiters |= bit;
        return Place::kFieldStart;
    }
    if (byte == '\n') {
        masks.newlines |= bit;
        return Place::kLineStart;
    }
    return Place::kUnquoted;
}

Place StructureIndex::step_after_quote(unsigned char byte, BlockMasks& masks,
                                       std::uint64_t bit) const {
    const bool is_after_cr = place_ == Place::kAfterQuoteCr;
    if (!is_after_cr && is_quote(byte)) {
        return Place::kQuoted;
    }
    if (!is_after_cr && byte == '\r') {
        return Place::kAfterQuoteCr;
    }
    const Place next = step_plain(byte, masks, bit);
    if (next == Place::kUnquoted || (is_after_cr && byte != '\n')) {
        masks.strays |= bit;
    }
    return next;
}

Place StructureIndex::step_comment_prefix(unsigned char byte, BlockMasks& masks,
                                          std::uint64_t bit) {
    // The prefix holds no delimiter, quote or newline, so what matched before a mismatch is plain.
    if (byte != static_cast<unsigned char>(dialect_.comment[comment_matched_])) {
        return step_plain(byte, masks, bit);
    }
    ++comment_matched_;
    return comment_matched_ == dialect_.comment.size() ? Place::kComment : Place::kCommentPrefix;
}

} // namespace penstock::csv
