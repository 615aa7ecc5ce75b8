#include "service/logging.hpp"

#include "penstock/types/error.hpp"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <memory>

namespace penstock::service {

namespace {

constexpr std::size_t kFileBytes = 10U << 20;
constexpr std::size_t kOldFiles = 4;

const std::map<LogLevel, spdlog::level::level_enum> kSpdlogLevels = {
    {LogLevel::kDebug, spdlog::level::debug},
    {LogLevel::kInfo, spdlog::level::info},
    {LogLevel::kWarning, spdlog::level::warn},
    {LogLevel::kError, spdlog::level::err}};

} // namespace

void start_logging(const Options& options) {
    std::shared_ptr<spdlog::logger> logger;
    if (options.is_foreground) {
        logger = spdlog::stderr_logger_mt("penstockd");
    } else {
        const std::string path = (options.home.logs() / "penstockd.log").string();
        try {
            logger = spdlog::rotating_logger_mt("penstockd", path, kFileBytes, kOldFiles);
        } catch (const spdlog::spdlog_ex& error) {
            throw Exception(ErrorKind::kPermission, "could not write \"" + path + "\"",
                            error.what());
        }
    }
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger->set_level(kSpdlogLevels.at(options.log_level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

// The text is an argument, never the format: it may hold braces.
void log_debug(const std::string& text) {
    spdlog::debug("{}", text);
}
void log_info(const std::string& text) {
    spdlog::info("{}", text);
}
void log_warning(const std::string& text) {
    spdlog::warn("{}", text);
}
void log_error(const std::string& text) {
    spdlog::error("{}", text);
}

} // namespace penstock::service
