#pragma once

#include "command_line.hpp"

namespace penstock {

/// A plugin started in a terminal, without controller and server.
/// Errors: all throw Exception, as a query would report it.

void print_help(const PluginInfo& info);
/// Arguments, and the tables of a connection made from the command line's arguments.
void print_info(Plugin& plugin, const CommandLine& line);
/// Rows of one table, a line each, columns separated by tabs.
void print_scan(Plugin& plugin, const CommandLine& line);

} // namespace penstock
