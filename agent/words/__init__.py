"""Every sentence that a person reads, for the tray and the command alike.

The agent speaks in codes and arguments; here they become plain, short sentences that name the next step, in the
person's language. Imports only `agent.protocol`; owns gettext. Decides nothing and reads no clock: times are arguments.
Any thread may call.
"""

from agent.words.catalogue import display_path, sentences, speak, spoken, use
from agent.words.conditions import network_now, power_now
from agent.words.files import event, last_error, reason, state, warning
from agent.words.headlines import headline, light, not_running, seconds_left, tooltip, worst_problem
from agent.words.holds import hold
from agent.words.lacking import outstanding, why_outstanding
from agent.words.language import Wish, wish
from agent.words.mistakes import mistake
from agent.words.notices import notice
from agent.words.numbers import clock_time, date_time, duration_s, moment, number, rate, size, time_left, wall_time
from agent.words.problems import problem, problem_text
from agent.words.servers import permissions, proof, sign_in_page, silent_address, space, verdict
from agent.words.settings import allowed
from agent.words.window import speak_in_window

__all__ = [
    "Wish",
    "allowed",
    "clock_time",
    "date_time",
    "display_path",
    "duration_s",
    "event",
    "headline",
    "hold",
    "last_error",
    "light",
    "mistake",
    "moment",
    "network_now",
    "not_running",
    "notice",
    "number",
    "outstanding",
    "permissions",
    "power_now",
    "problem",
    "problem_text",
    "proof",
    "rate",
    "reason",
    "seconds_left",
    "sentences",
    "sign_in_page",
    "silent_address",
    "size",
    "space",
    "speak",
    "speak_in_window",
    "spoken",
    "state",
    "time_left",
    "tooltip",
    "use",
    "verdict",
    "wall_time",
    "warning",
    "why_outstanding",
    "wish",
    "worst_problem",
]
