#pragma once

#include "cluster/child.hpp"
#include "cluster/cluster.hpp"
#include "cluster/service_user.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace penstock::testing_kit {

/// A real private server in a short-named temporary folder, without the extension. PostgreSQL
/// refuses root, so the test process becomes the service's user, as the program itself does.
class TemporaryServer {
  public:
    TemporaryServer() {
        static std::atomic<int> count{0};
        const cluster::ServiceUser user = cluster::service_user();
        const std::filesystem::path root =
            "/tmp/penstock_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
        if (cluster::is_root()) {
            cluster::become(user, root);
            std::filesystem::current_path("/tmp"); // the folder goes before the process
        }
        home_.root = root;
        home_.create_folders();
    }
    ~TemporaryServer() {
        try {
            cluster().stop();
            std::filesystem::remove_all(home_.root);
        } catch (const std::exception& exception) {
            ADD_FAILURE() << exception.what();
        }
    }
    TemporaryServer(const TemporaryServer&) = delete;
    TemporaryServer& operator=(const TemporaryServer&) = delete;

    [[nodiscard]] const cluster::Home& home() const { return home_; }
    [[nodiscard]] cluster::Cluster cluster() const {
        cluster::ServerSettings settings;
        settings.preload = "";
        return {home_, cluster::default_server_programs(), settings};
    }
    void start() const {
        cluster().init();
        cluster().start();
    }
    /// Runs SQL as a role and gives psql's unaligned output, errors included. A password file of
    /// that role is used unless it is the superuser.
    [[nodiscard]] std::string sql(const std::string& text, const std::string& role = "postgres",
                                  const std::string& database = "postgres",
                                  const std::filesystem::path& password_file = {}) const {
        std::string output =
            cluster::run_program({(cluster::default_server_programs() / "psql").string(), "-X",
                                  "-w", "-A", "-t", "-q", "-c", text,
                                  cluster::connection_string(home_, role, database, password_file)},
                                 std::chrono::seconds(30))
                .output;
        while (!output.empty() && output.back() == '\n') {
            output.pop_back();
        }
        return output;
    }

  private:
    cluster::Home home_;
};

} // namespace penstock::testing_kit
