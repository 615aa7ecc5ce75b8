#pragma once

#include "config/configuration.hpp"
#include "penstock/types/error.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

/// Errors as one text for a row, a log or an event.
namespace penstock::service {

/// Message, place, detail and hint in one line: `unknown argument "pth" (a.spc:4). … `.
[[nodiscard]] std::string one_line(const Error& error, const std::string& place = {});

/// As it stands in the configuration: `message (a.spc:4:7). Detail. Hint.`
[[nodiscard]] std::string one_line(const config::ConfigError& error);

/// A plugin's error about `connection`: with file and line of the argument that is to blame.
[[nodiscard]] std::string one_line(const Error& error, const config::Connection& connection);

/// `{"name":"text", …}`; for penstock.event.
[[nodiscard]] std::string
json_object(const std::vector<std::pair<std::string, std::string>>& members);

/// The values of secret arguments and of those from env() and file(), and texts without them.
///
/// By plugin instance: a plugin can only say what it was told.
class Secrets {
  public:
    /// Forgets what was known of `instance`.
    void clear(const std::string& instance);
    void add(const std::string& instance, const std::vector<ArgumentSpec>& specs,
             const config::Connection& connection);
    /// `text` with every secret value of the instance as `***`. Values of one or two characters are
    /// left: they would shred the text and hide nothing.
    [[nodiscard]] std::string redact(const std::string& instance, std::string text) const;

  private:
    std::map<std::string, std::vector<std::string>> values_;
};

} // namespace penstock::service
