#include "csv/connection.hpp"

#include "csv/bad_row.hpp"
#include "penstock/types/error.hpp"
#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

namespace penstock::csv {

namespace {

/// What is there now; nothing when a named file is missing.
std::vector<FoundFile> look(const std::vector<std::string>& patterns) {
    try {
        return find_files(patterns);
    } catch (const Exception&) {
        return {};
    }
}

void refuse_clashes(const std::vector<FoundFile>& files) {
    std::map<std::string, std::string> owners;
    for (const FoundFile& file : files) {
        const std::string name = table_name_for(file.path);
        const auto [owner, is_new] = owners.emplace(name, file.path);
        if (!is_new) {
            Error error =
                Error::make(ErrorKind::kOption, "two files would be table \"" + name + "\"",
                            "\"" + owner->second + "\" and \"" + file.path + "\".",
                            "Use narrower \"paths\", or a connection for each of them.");
            error.argument = "paths";
            throw Exception(std::move(error));
        }
    }
}

} // namespace

CsvConnection::CsvConnection(Options options, ConnectionHost& host)
    : options_(std::make_shared<const Options>(std::move(options))), host_(host) {}

std::vector<std::shared_ptr<Table>> CsvConnection::tables() {
    const std::lock_guard lock(mutex_);
    problems_.clear();
    start_watching();
    seen_ = look(options_->paths); // first: what changes from here on is announced
    std::vector<FoundFile> files = find_files(options_->paths);
    drop_unnameable(files);
    refuse_clashes(files);
    std::vector<std::shared_ptr<Table>> tables;
    std::map<std::string, std::shared_ptr<FileTable>> described;
    std::optional<Error> problem;
    for (const FoundFile& file : files) {
        try {
            described[file.path] = table_for(file);
            tables.push_back(described[file.path]);
        } catch (const Exception& exception) {
            if (file.is_named) {
                throw;
            }
            report(file.path, exception.error());
            problem = problem ? problem : exception.error();
        }
    }
    if (tables.empty() && problem) {
        throw Exception(*std::move(problem));
    }
    cache_ = std::move(described);
    if (!problem) {
        check_columns(tables);
    }
    return tables;
}

std::shared_ptr<FileTable> CsvConnection::table_for(const FoundFile& file) {
    const auto cached = cache_.find(file.path);
    if (cached != cache_.end() && cached->second->description().identity == file.identity) {
        return cached->second;
    }
    auto table = std::make_shared<FileTable>(describe_file(file.path, *options_), options_);
    reported_.erase(file.path);
    return table;
}

void CsvConnection::drop_unnameable(std::vector<FoundFile>& files) {
    std::erase_if(files, [this](const FoundFile& file) {
        const bool is_bad = !is_valid_text(file.path);
        if (is_bad) {
            report(file.path,
                   Error::make(ErrorKind::kData,
                               "name of file \"" + printable(file.path) + "\" is not valid UTF-8"));
        }
        return is_bad;
    });
}

std::vector<SchemaProblem> CsvConnection::problems() {
    const std::lock_guard lock(mutex_);
    std::vector<SchemaProblem> problems;
    problems.reserve(problems_.size());
    for (const auto& [path, reason] : problems_) {
        problems.push_back({printable(path), reason});
    }
    return problems;
}

void CsvConnection::report(const std::string& path, const Error& error) {
    std::string& problem = problems_[path];
    problem = error.message;
    for (const std::string* sentence : {&error.detail, &error.hint}) {
        problem += sentence->empty() ? "" : ". " + *sentence;
    }
    std::string& last = reported_[path];
    if (last != error.message) {
        last = error.message;
        std::fprintf(stderr, "csv: file left out: %s: %s %s\n", error.message.c_str(),
                     error.detail.c_str(), error.hint.c_str());
    }
}

void CsvConnection::check_columns(const std::vector<std::shared_ptr<Table>>& tables) const {
    std::set<std::string> known;
    for (const auto& table : tables) {
        for (const Column& column : table->schema().columns) {
            known.insert(column.name);
        }
    }
    for (const auto& [name, type] : options_->columns) {
        if (known.contains(name) || known.empty()) {
            continue;
        }
        constexpr std::size_t kMaxListed = 50;
        std::string list;
        std::size_t listed = 0;
        for (const std::string& column : known) {
            if (listed++ == kMaxListed) {
                list += ", ...";
                break;
            }
            list += (list.empty() ? "\"" : ", \"") + column + "\"";
        }
        Error error = Error::make(ErrorKind::kOption, "no file has a column \"" + name + "\"", {},
                                  "The columns are: " + list + ".");
        error.argument = "columns";
        throw Exception(std::move(error));
    }
}

void CsvConnection::start_watching() {
    try {
        if (!watch_) {
            watch_ = std::make_unique<FolderWatch>([this] { look_again(); });
        }
        // A folder may come between looking for it and watching its parent: look until nothing new.
        std::set<std::string> watched;
        for (auto folders = folders_of(options_->paths); folders != watched;
             folders = folders_of(options_->paths)) {
            watched = folders;
            for (const auto& [folder, reason] : watch_->watch(folders)) {
                report(folder, Error::make(ErrorKind::kLimit,
                                           "could not watch folder \"" + folder + "\": " + reason));
            }
        }
    } catch (const Exception& exception) {
        // Without a watch the tables are right all the same, as of the last refresh.
        report("", exception.error());
    }
}

void CsvConnection::look_again() {
    {
        const std::lock_guard lock(mutex_);
        start_watching(); // folders may have come or gone
        std::vector<FoundFile> now = look(options_->paths);
        if (now == seen_) {
            return;
        }
        seen_ = std::move(now);
    }
    host_.announce_schema_change();
}

} // namespace penstock::csv
