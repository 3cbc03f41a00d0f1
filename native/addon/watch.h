// Descriptors as streams in runtimes whose own streams take no descriptor (Bun, Deno): a thread waits for them, and
// says so in JavaScript's thread.
#pragma once
#include <napi.h>

namespace veloci {

// watch(fd: number, id: number, wanted: number): waits once until it can be read (1), or written (2), or has ended.
Napi::Value watch(const Napi::CallbackInfo &info);
// onReady(callback: (id: number) => void): whom to tell; once, before the first watch().
Napi::Value on_ready(const Napi::CallbackInfo &info);
// hold(holds: boolean): whether the program goes on as long as it waits.
Napi::Value hold(const Napi::CallbackInfo &info);
// read(fd: number, size: number): Uint8Array | undefined: nothing of a stream at its end; undefined when there is
// nothing yet.
Napi::Value read_some(const Napi::CallbackInfo &info);
// write(fd: number, bytes: Uint8Array): number: how many were taken; 0 when there is no room.
Napi::Value write_some(const Napi::CallbackInfo &info);
// close(fd: number)
Napi::Value close_fd(const Napi::CallbackInfo &info);

} // namespace veloci
