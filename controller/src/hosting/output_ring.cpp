#include "hosting/output_ring.hpp"

#include <algorithm>

namespace penstock::hosting {

namespace {

/// Terminal escapes and NUL bytes have no business in a log or in a row of the state table.
std::string printable(std::string_view line) {
    std::string out(line);
    std::replace_if(
        out.begin(), out.end(),
        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; },
        '?');
    return out;
}

} // namespace

std::vector<std::string> OutputRing::append(std::string_view bytes) {
    kept_.append(bytes);
    if (kept_.size() > capacity_bytes_) {
        kept_.erase(0, kept_.size() - capacity_bytes_);
    }
    std::vector<std::string> lines;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        unfinished_.append(bytes.substr(0, end));
        if (unfinished_.size() > capacity_bytes_) {
            unfinished_.resize(capacity_bytes_);
        }
        if (end == std::string_view::npos) {
            break;
        }
        lines.push_back(printable(unfinished_));
        unfinished_.clear();
        bytes.remove_prefix(end + 1);
    }
    return lines;
}

std::vector<std::string> OutputRing::last_lines(std::size_t count) const {
    std::vector<std::string> lines;
    std::string_view rest = kept_;
    while (!rest.empty() && lines.size() < count) {
        if (rest.back() == '\n') {
            rest.remove_suffix(1);
        }
        const std::size_t start = rest.rfind('\n');
        const std::string_view line =
            start == std::string_view::npos ? rest : rest.substr(start + 1);
        if (!line.empty()) {
            lines.push_back(printable(line));
        }
        rest = start == std::string_view::npos ? std::string_view{} : rest.substr(0, start + 1);
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

} // namespace penstock::hosting
