#pragma once

#include "data.hpp"

#include "penstock/types/join.hpp"

#include <functional>

namespace spy {

/// What a join reads of one of its sources.
struct JoinInput {
    const std::vector<penstock::Column>* columns;
    const std::vector<Row>* rows;
};

/// The rows of the join, by nested loops: slow, and simple enough to be right. `look_up` is called
/// now and then, and may throw.
std::vector<Row> join_rows(const penstock::Join& join, const std::vector<JoinInput>& inputs,
                           const std::function<void()>& look_up);

} // namespace spy
