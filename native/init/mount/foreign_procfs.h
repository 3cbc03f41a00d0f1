// A procfs of another pid namespace than ours.
#pragma once

namespace veloci {

// Starts one (fsopen(2)) that shows this pid namespace, or that of the process of a pidfd. -1 and errno on failure.
int fsopen_procfs_of(int pids);

} // namespace veloci
