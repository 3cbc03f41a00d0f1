// The operations of the host side: one overload for each, in the file of its family.
#pragma once
#include "cgroup/freezer.h"
#include "executor/context.h"

namespace veloci {

class HostHandler {
public:
  explicit HostHandler(Context &context) : context_(context) {}

  // state_ops.cc
  Outcome on(const StateRecord &op);
  Outcome on(const StateKeep &op);
  Outcome on(const StateWrite &op);
  Outcome on(const StateRemove &op);
  Outcome on(const PidFile &op);

  // cgroup_ops.cc
  Outcome on(const CgroupCreate &op);
  Outcome on(const CgroupFind &op);
  Outcome on(const CgroupWrite &op);
  Outcome on(const CgroupMove &op);
  Outcome on(const CgroupDevices &op);
  Outcome on(const CgroupOpen &op);
  Outcome on(const CgroupKill &op);
  Outcome on(const CgroupRemove &op);

  // delegation.cc
  Outcome on(const CgroupOwn &op);

  // control_ops.cc
  Outcome on(const CgroupFreeze &op);
  Outcome on(const CgroupUpdate &op);
  Outcome on(const CgroupCheck &op);

  // process_ops.cc, ids_ops.cc, start_ops.cc, relay.cc
  Outcome on(const ProcessSpawn &op);
  Outcome on(const ProcessIds &op);
  Outcome on(const MountIdmap &op);
  Outcome on(const ProcessAwait &op);
  Outcome on(const ProcessStart &op);
  Outcome on(const StartRefuse &op);
  Outcome on(const StartRelay &op);
  Outcome on(const ProcessFd &op);
  Outcome on(const ProcessSignal &op);
  Outcome on(const ProcessEnd &op);

  // channel_ops.cc
  Outcome on(const SyncSignal &op);
  Outcome on(const SyncAwait &op);
  Outcome on(const FdSend &op);
  Outcome on(const FdReceive &op);
  Outcome on(const FdOpen &op);

  // resctrl_ops.cc
  Outcome on(const RdtJoin &op);
  Outcome on(const RdtUpdate &op);
  Outcome on(const RdtRemove &op);

  // net_ops.cc
  Outcome on(const NetMove &op);

  // notify_ops.cc
  Outcome on(const NotifyOpen &op);

  // device_ops.cc
  Outcome on(const DeviceOpen &op);

  // console_ops.cc
  Outcome on(const ConsoleSend &op);
  Outcome on(const ConsoleKeep &op);

  // listener_ops.cc
  Outcome on(const ListenerOpen &op);
  Outcome on(const PidfdSend &op);

  // filter_ops.cc
  Outcome on(const FilterOpen &op);

  // dbus_ops.cc
  Outcome on(const DbusSend &op);

  // criu_ops.cc
  Outcome on(const CriuStart &op);
  Outcome on(const CriuAwait &op);

  // hook_ops.cc
  Outcome on(const HookRun &op);

  // scheduling_ops.cc, limit_ops.cc
  Outcome on(const SchedSet &op);
  Outcome on(const IoprioSet &op);
  Outcome on(const RlimitSet &op);
  Outcome on(const OomScore &op);
  Outcome on(const CpuAffinity &op);

private:
  // The container's cgroup, by what it is (cgroup/own_cgroup.h).
  bool find_own(const CgroupDir &dir, RecordCgroup &own);
  // The freezer that the plan names; null when there is none.
  const FreezerCgroup *find_own(const Optional<Freezer> &freezer, FreezerCgroup &own);
  // Where a signal goes: whether to every process of the container's cgroup.
  bool reaches_cgroup(const ProcessSignal &op) const;
  int open_own(const CgroupDir &dir, int flags);

  Context &context_;
  // Where cgroup.write has written last: most rules and limits follow another of the same cgroup or file.
  struct {
    CgroupDir dir;
    Str name;
    Fd cgroup;
    Fd file;
  } written_;
};

} // namespace veloci
