#pragma once

#include "service/options.hpp"

#include <string>

/// The service's log. spdlog stays behind this header. Any thread may call these. Callers redact:
/// nothing that holds the value of a secret argument may come here.
namespace penstock::service {

/// To standard error, or to logs/penstockd.log (5 files of 10 MiB, 0600).
/// Errors: Exception kPermission when the file cannot be written.
void start_logging(const Options& options);

void log_debug(const std::string& text);
void log_info(const std::string& text);
void log_warning(const std::string& text);
void log_error(const std::string& text);

} // namespace penstock::service
