"""The text that event loops in lanes stand in: it records lanes at their output times and starts trajectories.

The header of a block holds the addresses and sizes of everything that is not a row of the lanes.
"""

from __future__ import annotations

import re

from .lanes_rows import CURSOR, OUTPUT, SINCE, SPECIES, TIME, TRAJECTORY, UNTIL, WAIT, LoopText

# Fields of a block's header: addresses, sizes, and what changes as the block goes on.
FIELDS = (
    "p", "times", "rows", "spare", "words", "initial", "counts", "outputs",
    "stride", "n_times", "n", "next", "done", "clock",
)  # fmt: skip
_ADDRESSES = FIELDS[:8]


def field(name: str) -> int:
    """The place of a field in the header."""
    return FIELDS.index(name)


def block_text(loop: LoopText, width: int, n_states: int, n_outputs: int) -> str:
    """Text of `i64 @advance(ptr block, ptr state, i64 steps, i64 fresh)` for `n` trajectories at `n_times` >= 2 times.

    Gives the lanes in the bit mask `fresh` new trajectories, then makes at most `steps` steps, and returns the
    lanes that cannot go on as a bit mask: where the total propensity is no finite number or a propensity is negative.
    It returns when there are such lanes, when `done` has reached `n`, or at the end of the steps.

    Trajectory k starts at times[0] with initial[k stride ...] and the generator words[4 k ...]. Its states, and
    what `outputs` makes of them, go to rows[k, output time], its number of events to counts[k]. When all are
    given out lanes go on with spare trajectories: k = n, with words of their own, rows to `spare`, never counted.
    """
    columns = n_states + n_outputs
    fields: list[str] = []
    load = list(loop.load)
    phis: list[str] = []
    stop: list[str] = []
    save: list[str] = []
    for i, name in enumerate(FIELDS):
        fields.append(f"  %{name}.at = getelementptr i64, ptr %block, i64 {i}")
        fields.append(f"  %{name} = load {'ptr' if name in _ADDRESSES else 'i64'}, ptr %{name}.at")
    for row in loop.carried:
        fields.append(f"  %{row.name}.at = getelementptr i64, ptr %state, i64 {row.place * width}")
        load.append(f"  %{row.name}.in = load {row.kind}, ptr %{row.name}.at, align 32")
        sources = f"[ %{row.name}.in, %load ], [ {row.fired}, %{loop.latch} ], [ {row.kept}, %onward ]"
        phis.append(f"  %{row.name} = phi {row.kind} {sources}")
        store = f"  store {row.kind} {row.kept}, ptr %{row.name}.at, align 32"
        (save if row.place < TIME else stop).append(store)
    call = "  call void %outputs(double %now.time, ptr %cursor, ptr %p, ptr %beyond)"
    pieces = {
        "@ENTRY": fields + loop.entry, "@LOAD": load, "@PHIS": phis, "@STEP": loop.step, "@SAVE": save,
        "@STOP": [*loop.stop, *stop], "@OUTPUTS": [call] if n_outputs else [],
        **_hooks(loop, width, columns),
    }  # fmt: skip
    words = {
        "@REAL": f"<{width} x double>", "@WHOLE": f"<{width} x i64>", "@TRUTH": f"<{width} x i1>", "@MASK": f"i{width}",
        "@FIRST": f"<{width} x i32> zeroinitializer", "@LANES": ", ".join(f"i64 {lane}" for lane in range(width)),
        "@WIDTH": str(width), "@STATES": str(n_states), "@COLUMNS": str(columns), "@BYTES": str(8 * columns),
        "@NEAREST": "%until.one", "@LATCH": loop.latch,
    }  # fmt: skip
    events = loop.fault is not None
    words |= {"@WRITES": "%writes", "@BYTES": "%bytes", "@NEAREST": "%until.own"} if events else {"@WRITES": "1"}
    words |= {"@FAULTY": "%bad.all", "@RARE": "true"} if events else {"@FAULTY": "%bad.lanes", "@RARE": "%rare"}
    rows = {
        "WAIT": WAIT, "TIME": TIME, "UNTIL": UNTIL, "TRAJECTORY": TRAJECTORY, "OUTPUT": OUTPUT, "CURSOR": CURSOR,
        "SINCE": SINCE, "SPECIES": SPECIES,
    }  # fmt: skip
    words |= {f"@ROW.{name}": str(row * width) for name, row in rows.items()}
    text = _BLOCK
    for name, lines in pieces.items():
        text = text.replace(f"{name}\n", "".join(f"{line}\n" for line in lines))
    return re.sub(r"@(ROW\.)?[A-Z]+\b", lambda found: words.get(found[0], found[0]), text)


def _hooks(loop: LoopText, width: int, columns: int) -> dict[str, list[str]]:
    """What events add: lanes at their time or with a new truth settle, and write a row if it is an output time.

    Rows of states may have changed then, so all are read again.
    """
    names = ("@RISING", "@SETTLE", "@NEARER", "@FAULTS", "@BEGIN")
    if loop.fault is None:
        return {name: [] for name in names}
    cast = "  %rising.bits = bitcast @TRUTH %rising to @MASK"
    rising = [cast, "  %rising.lanes = zext @MASK %rising.bits to i64"]
    if not loop.bits:
        rising = ["  %rising.lanes = add i64 0, 0"]
    begin = [(loop.fault, 0), *((row, -1) for row in loop.bits)]
    fill = [
        line
        for row, value in begin
        for line in (
            f"  %begin{row}.at = getelementptr i64, ptr %lane.at, i64 {row * width}",
            f"  store i64 {value}, ptr %begin{row}.at",
        )
    ]
    place = str(loop.fault * width)
    settle = _SETTLE.replace("@FAULTROW", place).replace("@ROWBYTES", str(8 * columns)).split("\n")
    faults = _FAULTS.replace("@FAULTROW", place).split("\n")
    return dict(zip(names, (rising, settle, _NEARER.split("\n"), faults, fill), strict=True))


_SETTLE = """\
  %settle.at = getelementptr double, ptr %column, i64 @ROW.TIME
  %settle.time = load double, ptr %settle.at
  %rising.shifted = lshr i64 %rising.lanes, %lane
  %rising.here = trunc i64 %rising.shifted to i1
  %by.time = xor i1 %rising.here, true
  %own = call double @settle(ptr %column, ptr %p, i1 %by.time)
  %fault.at = getelementptr i64, ptr %column, i64 @FAULTROW
  %fault = load i64, ptr %fault.at
  %sound = icmp eq i64 %fault, 0
  %asked.at = getelementptr i64, ptr %column, i64 @ROW.OUTPUT
  %asked = load i64, ptr %asked.at
  %asked.from = getelementptr double, ptr %times, i64 %asked
  %asked.time = load double, ptr %asked.from
  %asked.now = fcmp oeq double %settle.time, %asked.time
  %asked.here = and i1 %asked.now, %by.time
  %writes.bit = and i1 %asked.here, %sound
  %writes = zext i1 %writes.bit to i64
  %bytes = mul i64 %writes, @ROWBYTES"""

_NEARER = """\
  %own.nearer = fcmp olt double %own, %until.one
  %until.own = select i1 %own.nearer, double %own, double %until.one"""

_FAULTS = """\
  %faults.at = getelementptr i64, ptr %state, i64 @FAULTROW
  %faults = load @WHOLE, ptr %faults.at, align 32
  %faults.some = icmp ne @WHOLE %faults, zeroinitializer
  %faults.bits = bitcast @TRUTH %faults.some to @MASK
  %faults.lanes = zext @MASK %faults.bits to i64
  %bad.all = or i64 %bad.lanes, %faults.lanes"""

_BLOCK = """\
define i64 @advance(ptr noalias %block, ptr noalias %state, i64 %steps, i64 %fresh) #0 {
entry:
@ENTRY
  %until.at = getelementptr i64, ptr %state, i64 @ROW.UNTIL
  %length = mul i64 %n_times, @COLUMNS
  %end = add i64 %clock, %steps
  %nothing.fresh = icmp eq i64 %fresh, 0
  br i1 %nothing.fresh, label %load, label %start

; ------------------------------------------------- the loop
load:
  %clock.in = phi i64 [ %clock, %entry ], [ %clock.saved, %saved ]
  %until.in = load @REAL, ptr %until.at, align 32
@LOAD
  br label %step
step:
  %clock.now = phi i64 [ %clock.in, %load ], [ %clock.next, %@LATCH ], [ %clock.next, %onward ]
  %until = phi @REAL [ %until.in, %load ], [ %until, %@LATCH ], [ %until.next, %onward ]
@PHIS
@STEP
  %clock.next = add i64 %clock.now, 1
  %stop.bits = bitcast @TRUTH %stop to @MASK
  %some.stop = icmp ne @MASK %stop.bits, 0
  %over = icmp eq i64 %clock.next, %end
  %leave = or i1 %some.stop, %over
  br i1 %leave, label %stopped, label %step

; ------------------------------------------------- lanes at their output time write a row
stopped:
@STOP
  %bad.bits = bitcast @TRUTH %bad to @MASK
  %bad.lanes = zext @MASK %bad.bits to i64
  %stop.lanes = zext @MASK %stop.bits to i64
@RISING
  %passed = xor i64 %stop.lanes, %bad.lanes
  %none.passed = icmp eq i64 %passed, 0
  br i1 %none.passed, label %recorded, label %record
record:
  %lanes = phi i64 [ %passed, %stopped ], [ %lanes.rest, %written ]
  %ended.before = phi i64 [ 0, %stopped ], [ %ended.now, %written ]
  %until.before = phi @REAL [ %until, %stopped ], [ %until.now, %written ]
  %lane = call i64 @llvm.cttz.i64(i64 %lanes, i1 true)
  %lanes.less = sub i64 %lanes, 1
  %lanes.rest = and i64 %lanes, %lanes.less
  %column = getelementptr i64, ptr %state, i64 %lane
  %cursor.at = getelementptr i64, ptr %column, i64 @ROW.CURSOR
  %cursor = load ptr, ptr %cursor.at
  %first = getelementptr i64, ptr %column, i64 @ROW.SPECIES
@SETTLE
  br label %copy
copy:
  %i = phi i64 [ 0, %record ], [ %i.next, %copy ]
  %from = phi ptr [ %first, %record ], [ %from.next, %copy ]
  %count = load double, ptr %from
  %to = getelementptr double, ptr %cursor, i64 %i
  store double %count, ptr %to
  %i.next = add i64 %i, 1
  %from.next = getelementptr i64, ptr %from, i64 @WIDTH
  %copied = icmp eq i64 %i.next, @STATES
  br i1 %copied, label %written, label %copy
written:
  %now.at = getelementptr i64, ptr %column, i64 @ROW.TIME
  %now.time = load double, ptr %now.at
  %beyond = getelementptr double, ptr %cursor, i64 @STATES
@OUTPUTS
  %cursor.next = getelementptr i8, ptr %cursor, i64 @BYTES
  store ptr %cursor.next, ptr %cursor.at
  %since.at = getelementptr i64, ptr %column, i64 @ROW.SINCE
  %since = load i64, ptr %since.at
  %since.next = add i64 %since, @WRITES
  store i64 %since.next, ptr %since.at
  %output.at = getelementptr i64, ptr %column, i64 @ROW.OUTPUT
  %output = load i64, ptr %output.at
  %output.next = add i64 %output, @WRITES
  store i64 %output.next, ptr %output.at
  %ends = icmp eq i64 %output.next, %n_times
  %ends.bit = zext i1 %ends to i64
  %ends.here = shl i64 %ends.bit, %lane
  %ended.now = or i64 %ended.before, %ends.here
  %until.from = getelementptr double, ptr %times, i64 %output.next
  %until.one = load double, ptr %until.from
@NEARER
  %until.first = insertelement @REAL poison, double @NEAREST, i32 0
  %until.all = shufflevector @REAL %until.first, @REAL poison, @FIRST
  %lane.first = insertelement @WHOLE poison, i64 %lane, i32 0
  %lane.all = shufflevector @WHOLE %lane.first, @WHOLE poison, @FIRST
  %here = icmp eq @WHOLE %lane.all, <@LANES>
  %until.now = select @TRUTH %here, @REAL %until.all, @REAL %until.before
  %all.written = icmp eq i64 %lanes.rest, 0
  br i1 %all.written, label %recorded, label %record
recorded:
  %ended = phi i64 [ 0, %stopped ], [ %ended.now, %written ]
  %until.next = phi @REAL [ %until, %stopped ], [ %until.now, %written ]
@FAULTS
  %some.ended = icmp ne i64 %ended, 0
  %some.bad = icmp ne i64 @FAULTY, 0
  %rare.lanes = or i1 %some.ended, %some.bad
  %rare = or i1 %rare.lanes, %over
  br i1 @RARE, label %save, label %onward
onward:
  br label %step

; ------------------------------------------------- lanes whose trajectory ended begin the next one
save:
@SAVE
  store @REAL %until.next, ptr %until.at, align 32
  br i1 %some.ended, label %start, label %saved
start:
  %starts = phi i64 [ %fresh, %entry ], [ %ended, %save ], [ %starts.rest, %started ]
  %is.fresh = phi i1 [ true, %entry ], [ false, %save ], [ %is.fresh, %started ]
  %clock.start = phi i64 [ %clock, %entry ], [ %clock.next, %save ], [ %clock.start, %started ]
  %bad.start = phi i64 [ 0, %entry ], [ @FAULTY, %save ], [ %bad.start, %started ]
  %place = call i64 @llvm.cttz.i64(i64 %starts, i1 true)
  %starts.less = sub i64 %starts, 1
  %starts.rest = and i64 %starts, %starts.less
  %lane.at = getelementptr i64, ptr %state, i64 %place
  %trajectory.at = getelementptr i64, ptr %lane.at, i64 @ROW.TRAJECTORY
  %begins.at = getelementptr i64, ptr %lane.at, i64 @ROW.SINCE
  br i1 %is.fresh, label %begin, label %finish
finish:
  %k.ended = load i64, ptr %trajectory.at
  %begun = load i64, ptr %begins.at
  %events = sub i64 %clock.start, %begun
  %events.at = getelementptr i64, ptr %counts, i64 %k.ended
  store i64 %events, ptr %events.at
  %counted = icmp ult i64 %k.ended, %n
  %one.more = zext i1 %counted to i64
  %done.before = load i64, ptr %done.at
  %done.now = add i64 %done.before, %one.more
  store i64 %done.now, ptr %done.at
  br label %begin
begin:
  %k.given = load i64, ptr %next.at
  %is.real = icmp ult i64 %k.given, %n
  %k = select i1 %is.real, i64 %k.given, i64 %n
  %k.next = add i64 %k, 1
  store i64 %k.next, ptr %next.at
  store i64 %k, ptr %trajectory.at
  store i64 %clock.start, ptr %begins.at
  %zeroth.at = getelementptr i64, ptr %lane.at, i64 @ROW.OUTPUT
  store i64 0, ptr %zeroth.at
  %offset = mul i64 %k, %length
  %own.row = getelementptr double, ptr %rows, i64 %offset
  %row = select i1 %is.real, ptr %own.row, ptr %spare
  %row.at = getelementptr i64, ptr %lane.at, i64 @ROW.CURSOR
  store ptr %row, ptr %row.at
  %begin.time = load double, ptr %times
  %begin.at = getelementptr i64, ptr %lane.at, i64 @ROW.TIME
  store double %begin.time, ptr %begin.at
  %until.begin.at = getelementptr i64, ptr %lane.at, i64 @ROW.UNTIL
  store double %begin.time, ptr %until.begin.at
  %wait.begin.at = getelementptr i64, ptr %lane.at, i64 @ROW.WAIT
  store double 0x7FF0000000000000, ptr %wait.begin.at  ; infinite: its first step passes times[0]
  %word.offset = shl i64 %k, 2
  %word.from = getelementptr i64, ptr %words, i64 %word.offset
  %initial.offset = mul i64 %k, %stride
  %initial.from = getelementptr double, ptr %initial, i64 %initial.offset
  %states.at = getelementptr i64, ptr %lane.at, i64 @ROW.SPECIES
@BEGIN
  br label %seed
seed:
  %j = phi i64 [ 0, %begin ], [ %j.next, %seed ]
  %word.at = phi ptr [ %lane.at, %begin ], [ %word.next, %seed ]
  %word.source = getelementptr i64, ptr %word.from, i64 %j
  %word = load i64, ptr %word.source
  store i64 %word, ptr %word.at
  %word.next = getelementptr i64, ptr %word.at, i64 @WIDTH
  %j.next = add i64 %j, 1
  %seeded = icmp eq i64 %j.next, 4
  br i1 %seeded, label %place.states, label %seed
place.states:
  %m = phi i64 [ 0, %seed ], [ %m.next, %place.states ]
  %state.at = phi ptr [ %states.at, %seed ], [ %state.next, %place.states ]
  %state.source = getelementptr double, ptr %initial.from, i64 %m
  %state.value = load double, ptr %state.source
  store double %state.value, ptr %state.at
  %state.next = getelementptr i64, ptr %state.at, i64 @WIDTH
  %m.next = add i64 %m, 1
  %placed = icmp eq i64 %m.next, @STATES
  br i1 %placed, label %started, label %place.states
started:
  %all.started = icmp eq i64 %starts.rest, 0
  br i1 %all.started, label %saved, label %start
saved:
  %clock.saved = phi i64 [ %clock.next, %save ], [ %clock.start, %started ]
  %bad.saved = phi i64 [ @FAULTY, %save ], [ %bad.start, %started ]
  store i64 %clock.saved, ptr %clock.at
  %done.all = load i64, ptr %done.at
  %finished = icmp uge i64 %done.all, %n
  %faulty = icmp ne i64 %bad.saved, 0
  %at.end = icmp uge i64 %clock.saved, %end
  %either = or i1 %finished, %faulty
  %return = or i1 %either, %at.end
  br i1 %return, label %exit, label %load
exit:
  ret i64 %bad.saved
}
declare i64 @llvm.cttz.i64(i64, i1)
"""
