// Requests to the engine (schema/protocol), and its answers.
#pragma once
#include "file/files.h"
#include "launcher/door/json_object.h"
#include "launcher/call/invocation.h"
#include "generated/protocol.gen.h"
#include "planner/planner.h"

namespace veloci {

// A request's JSON text and blobs. The verb comes first in the text, so that the kept copy can name another one.
class Request {
public:
  // Builds the text from the command line and the host's facts; 0 or an errno. `bundle` and `config_name` may be empty.
  // `for_memo` leaves out what does not change the plan of an exec.
  int build(Invocation &invocation, Str bundle, Str config_name, bool for_memo);
  // Takes a text that was kept: what `kept` returned.
  int restore(Buffer &text);

  // Notes the failure of a first plan: what follows is about another one, which the engine has made for it. 0 or an
  // errno.
  int note_first(const PlanFailure &failure);

  // Asks why a process has ended (verb `ended`).
  void note_end(int code, bool out_of_memory, Str refused) {
    refused_ = refused;
    ended_ = true;
    end_code_ = code;
    out_of_memory_ = out_of_memory;
  }
  // Adds members that write(json) writes as an object: what a verb alone asks with. `size` is what they mostly need. 0
  // or an errno.
  template <class Write> int note_members(size_t size, Write write) {
    return write_members(members_memory_, size, members_, write);
  }
  // Looks at the files that an answer names, for the next time that this is sent. 0 or an errno.
  int note_files(const List<FileLook> &files);

  // Adds the flags of this command line, which must live on, to a request that was kept.
  void add_flags(const Arguments &arguments) {
    arguments_ = &arguments;
    with_flags_ = true;
  }

  // The text with a verb, and with the failure of a plan, in memory of its own. 0 or an errno.
  int text(EngineVerb verb, const PlanFailure *failure, Buffer &memory, Str &text) const;
  // What is kept in the state directory: the request to renew the stored plan.
  Str rest() const { return rest_; }

  Buffer config;
  Buffer process;
  Buffer live;

private:
  Buffer memory_;
  Str rest_;
  const Arguments *arguments_ = nullptr;
  bool with_flags_ = false;
  Buffer first_memory_;
  Str first_;
  // What is asked of an end.
  bool ended_ = false, out_of_memory_ = false;
  int end_code_ = 0;
  Str refused_; // system call
  Buffer seen_memory_;
  Str seen_;
  Buffer members_memory_;
  Str members_;
};

// An engine at work; the answer's bytes live as long as this.
class Engine {
public:
  // Starts a planner with the engine that knows the verb; 0 or an errno.
  int start(EngineVerb verb) { return planner_.start(engine_of(verb)); }
  // Sends the request; the text may go afterwards. `followed`: another one is sent to this engine.
  bool send(const Request &request, EngineVerb verb, const PlanFailure *failure, bool followed = false);
  // Awaits the answer. 0, or the exit code with the error shown: the planner's end, or a malformed answer.
  int await(Invocation &invocation, Response &response);
  // Awaits the answer of the request that has followed, for as long as that, without a word. False when there is none.
  bool await_next(int milliseconds, Response &response);
  // All three, of a verb that has no other plan; 0, or the exit code with the error shown.
  int ask(Invocation &invocation, const Request &request, EngineVerb verb, Response &response);
  // Takes an answer from a file in place of the planner's.
  int take(Invocation &invocation, int fd, Response &response);

private:
  int decode(Invocation &invocation, Bytes bytes, Response &response);
  Planner planner_;
  Buffer given_;
};

// Shows the error of an answer; returns the exit code.
int show_response(Invocation &invocation, const Response &response);

// What a fresh engine has answered about the failure of a plan.
struct Advice {
  Engine engine;
  Response response;
};

// Asks a fresh engine to explain why a plan failed, and shows that. Returns the exit code. With `advice` the answer may
// also be another plan: 0 then.
int explain_failure(Invocation &invocation, const Request &request, EngineVerb verb, Advice *advice = nullptr);

} // namespace veloci
