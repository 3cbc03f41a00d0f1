#include "host/cgroup_facts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/mountinfo.h"

namespace veloci {
namespace {

// systemd needs 12 hierarchies on cgroup v1; nobody mounts more than a few besides.
constexpr uint32_t max_hierarchies = 32;

// The controllers (or the name) of a v1 hierarchy: the file system's options without the common ones.
bool is_controller(Slice option) {
  constexpr const char *others[] = {"rw",          "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode",
                                    "favordynmods"};
  for (const char *other : others) {
    if (option.equals(other)) return false;
  }
  return !option.starts_with(Slice::of("release_agent="));
}

// Finds the own cgroup in `ID:CONTROLLERS:PATH` lines; `controller` empty: v2.
Slice own_path(Slice cgroups, Slice controller) {
  while (!cgroups.empty()) {
    Slice line = cgroups.cut('\n');
    line.cut(':');
    Slice controllers = line.cut(':');
    if (controllers.empty() && controller.empty()) return line;
    while (!controllers.empty()) {
      Slice name = controllers.cut(',');
      if (name.size() == controller.size() && name.starts_with(controller)) return line;
    }
  }
  return {};
}

// A cgroup's path seen from a mount whose root is `root`; "/" when it lies outside.
Slice below(Slice path, Slice root) {
  constexpr const char *top = "/";
  if (root.size() > 1) {
    bool inside = path.starts_with(root) && (path.size() == root.size() || path.at[root.size()] == '/');
    path = inside ? Slice{path.at + root.size(), path.end} : Slice{};
  }
  return path.empty() || *path.at != '/' ? Slice{top, top + 1} : path;
}

// Whether the caller may make cgroups below its own, and (v2) the controllers that are there.
void write_delegation(JsonWriter &json, Slice point, Slice own, bool v2) {
  char path[PATH_MAX], text[512];
  auto name = [&](const char *file) {
    int length = snprintf(path, sizeof path, "%.*s%.*s/%s", static_cast<int>(point.size()), point.at,
                          static_cast<int>(own.size()), own.at, file);
    return length < PATH_MAX;
  };
  bool writable = name(".") && access(path, W_OK) == 0 && name("cgroup.procs") && access(path, W_OK) == 0;
  json.key("writable").boolean(writable);
  if (!v2) return;
  json.key("available").open('[');
  ssize_t size = name("cgroup.controllers") ? read_text(AT_FDCWD, path, text, sizeof text) : -1;
  Slice names = Slice{text, text + (size > 0 ? size : 0)}.cut('\n');
  while (!names.empty()) json.string(names.cut(' ').str());
  json.close(']');
}

void write_v1(JsonWriter &json, const Mount &mount, Slice cgroups, bool delegation) {
  char names[256];
  size_t size = 0;
  Slice first;
  Slice options = mount.options;
  while (!options.empty()) {
    Slice option = options.cut(',');
    if (!is_controller(option) || size + option.size() + 1 > sizeof names) continue;
    if (size != 0) names[size++] = ',';
    memcpy(names + size, option.at, option.size());
    size += option.size();
    if (first.empty()) first = option;
  }
  json.open('{');
  json.key("controllers").string({names, static_cast<uint32_t>(size)});
  json.key("mount").string(mount.point.str());
  Slice own = below(own_path(cgroups, first), mount.root);
  json.key("path").string(own.str());
  if (delegation) write_delegation(json, mount.point, own, false);
  json.close('}');
}

void write_v2(JsonWriter &json, const Mount &mount, Slice cgroups, bool delegation) {
  json.open('{');
  json.key("mount").string(mount.point.str());
  Slice own = below(own_path(cgroups, {}), mount.root);
  json.key("path").string(own.str());
  if (delegation) write_delegation(json, mount.point, own, true);
  json.key("controllers").open('[');
  char path[PATH_MAX], text[512];
  int length =
      snprintf(path, sizeof path, "%.*s/cgroup.controllers", static_cast<int>(mount.point.size()), mount.point.at);
  ssize_t size = length < PATH_MAX ? read_text(AT_FDCWD, path, text, sizeof text) : -1;
  if (size > 0 && text[size - 1] == '\n') size--;
  Slice names{text, text + (size > 0 ? size : 0)};
  while (!names.empty()) json.string(names.cut(' ').str());
  json.close(']').close('}');
}

bool same(Slice a, Slice b) { return a.size() == b.size() && a.starts_with(b); }

struct Hierarchies {
  Mount v1[max_hierarchies];
  uint32_t v1_count = 0;
  Mount v2;
  bool has_v2 = false;

  void add(Mount mount) {
    mount.point = unescape_mount(mount.point);
    mount.root = unescape_mount(mount.root);
    // A mount over the same place hides the earlier one; a second mount elsewhere shows the same hierarchy.
    if (mount.type.equals("cgroup2")) {
      if (!has_v2 || same(v2.point, mount.point)) v2 = mount;
      has_v2 = true;
      return;
    }
    for (uint32_t i = 0; i < v1_count; i++) {
      if (same(v1[i].point, mount.point)) {
        v1[i] = mount;
        return;
      }
      if (same(v1[i].options, mount.options)) return;
    }
    if (v1_count < max_hierarchies) v1[v1_count++] = mount;
  }
};

} // namespace

void write_cgroup_facts(JsonWriter &json, char *mountinfo, size_t mountinfo_size, Slice own_cgroups, bool delegation) {
  Hierarchies found;
  Slice lines{mountinfo, mountinfo + mountinfo_size};
  while (!lines.empty()) {
    Mount mount = parse_mount(lines.cut('\n'));
    if (mount.type.equals("cgroup") || mount.type.equals("cgroup2")) found.add(mount);
  }
  const char *mode = found.v1_count == 0 ? (found.has_v2 ? "v2" : "none") : found.has_v2 ? "hybrid" : "v1";
  json.key("cgroup").open('{').key("mode").string(Str::of(mode));
  json.key("v1").open('[');
  for (uint32_t i = 0; i < found.v1_count; i++) write_v1(json, found.v1[i], own_cgroups, delegation);
  json.close(']').key("v2");
  if (found.has_v2)
    write_v2(json, found.v2, own_cgroups, delegation);
  else
    json.null();
  json.close('}');
}

bool mounted(Slice mountinfo, const char *type) {
  while (!mountinfo.empty()) {
    if (parse_mount(mountinfo.cut('\n')).type.equals(type)) return true;
  }
  return false;
}

} // namespace veloci
