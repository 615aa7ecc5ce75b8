#include "query/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace penstock::query {
namespace {

using namespace std::chrono_literals;

constexpr auto kQuietTime = 1s;
constexpr auto kFrameTime = 100ms;
constexpr std::array kPictures{'|', '/', '-', '\\'};

std::size_t terminal_width() {
    winsize size{};
    const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : 80;
}

} // namespace

Progress::Progress()
    : is_terminal_(::isatty(STDERR_FILENO) == 1), started_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
    clear();
}

void Progress::restart() {
    clear();
    started_ = std::chrono::steady_clock::now();
}

void Progress::show(const std::string& text) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_terminal_ || now - started_ < kQuietTime || now - drawn_ < kFrameTime) {
        return;
    }
    drawn_ = now;
    is_shown_ = true;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - started_).count();
    std::string line = std::string(1, kPictures[picture_++ % kPictures.size()]) + " " + text +
                       " (" + std::to_string(seconds) + " s)";
    if (line.size() >= terminal_width()) {
        line.resize(terminal_width() - 1); // a wrapped line could not be taken away again
    }
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
}

void Progress::clear() {
    if (is_shown_) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
        is_shown_ = false;
    }
}

} // namespace penstock::query
