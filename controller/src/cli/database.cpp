#include "cli/database.hpp"

#include "cluster/server_files.hpp"
#include "query/session.hpp"

#include <libpq-fe.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace penstock::cli {
namespace {

std::filesystem::path database_file(const cluster::Home& home) {
    return home.internal() / "database";
}

std::vector<Setting> private_settings(const cluster::Home& home) {
    return {{"PGHOST", home.server_socket_folder().string()},
            {"PGPORT", cluster::kPort},
            {"PGUSER", cluster::kUserRole},
            {"PGDATABASE", cluster::kDatabase},
            {"PGPASSFILE", home.user_pgpass().string()}};
}

using ConnectionOptions = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

ConnectionOptions parse(const std::string& url) {
    char* message = nullptr;
    ConnectionOptions options(PQconninfoParse(url.c_str(), &message), &PQconninfoFree);
    if (!options) {
        const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
        throw Exception(ErrorKind::kOption, "the database URL cannot be read",
                        message == nullptr ? "" : message,
                        "Give one such as: postgresql://user@host:5432/database");
    }
    return options;
}

/// A stored connection string stands in command lines, where every user can read it.
void refuse_other_secrets(const PQconninfoOption* options) {
    for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
        const std::string name = option->keyword;
        const bool is_secret = std::string(option->dispchar) == "*";
        if (is_secret && name != "password" && option->val != nullptr && *option->val != '\0') {
            throw Exception(ErrorKind::kOption,
                            "the database URL has \"" + name + "\", which cannot be kept safe", {},
                            "Use a key that needs no passphrase and only its owner can read.");
        }
    }
}

std::vector<Setting> database_settings(const std::string& connection_string) {
    const ConnectionOptions options = parse(connection_string);
    std::vector<Setting> settings;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr && option->envvar != nullptr) {
            settings.push_back({option->envvar, option->val});
        }
    }
    return settings;
}

} // namespace

std::optional<std::string> stored_database(const cluster::Home& home) {
    std::error_code ignored;
    if (!std::filesystem::exists(database_file(home), ignored)) {
        return std::nullopt;
    }
    std::ifstream stream(database_file(home));
    std::string url;
    if (!std::getline(stream, url)) {
        throw Exception(ErrorKind::kPermission, "could not read file \"" +
                                                    database_file(home).string() +
                                                    "\": " + std::strerror(errno));
    }
    return url;
}

void store_database(const cluster::Home& home, const std::string& url) {
    const std::filesystem::path password_file = home.internal() / "database.pgpass";
    const ConnectionOptions options = parse(url);
    refuse_other_secrets(options.get());
    std::string text;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr || *option->val == '\0') {
            continue;
        }
        if (std::string(option->keyword) == "password") {
            cluster::write_private_file(password_file,
                                        cluster::pgpass_any_line(option->val) + "\n");
            text += "passfile=" + cluster::quote_conninfo(password_file.string()) + " ";
        } else {
            text += std::string(option->keyword) + "=" + cluster::quote_conninfo(option->val) + " ";
        }
    }
    cluster::write_private_file(database_file(home), text + "\n");
}

void forget_database(const cluster::Home& home) {
    std::filesystem::remove(database_file(home));
    std::filesystem::remove(home.internal() / "database.pgpass");
}

std::string user_connection_string(const cluster::Home& home) {
    if (std::optional<std::string> url = stored_database(home)) {
        return *url;
    }
    return cluster::connection_string(home, cluster::kUserRole, cluster::kDatabase,
                                      home.user_pgpass());
}

std::unique_ptr<query::Session> connect(const cluster::Home& home) {
    try {
        return std::make_unique<query::Session>(user_connection_string(home));
    } catch (const Exception& exception) {
        Error error = exception.error();
        error.message =
            "could not connect to the Penstock service at \"" + home.root.string() + "\"";
        error.hint = "Start it with: penstock service start";
        throw Exception(error);
    }
}

std::vector<Setting> client_settings(const cluster::Home& home) {
    const std::optional<std::string> stored = stored_database(home);
    // What is set for another server would beat the rest.
    std::vector<Setting> settings{
        {"PGPASSWORD", std::nullopt}, {"PGHOSTADDR", std::nullopt}, {"PGSERVICE", std::nullopt}};
    for (Setting& setting : stored ? database_settings(*stored) : private_settings(home)) {
        settings.push_back(std::move(setting));
    }
    return settings;
}

} // namespace penstock::cli
