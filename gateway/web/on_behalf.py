"""What is said otherwise to a representative: whose information, permissions and documents a page is about.

The client's pages say *your* to the client. Who acts for another reads the same pages, and there *your* would
be theirs: each text about the client's own affairs has another here, in which the client is a person beside the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.web.language import N_

FOR_ANOTHER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Your pages": N_("Their pages"),
        # Deciding.
        "Who may see my information": N_("Who may see the information of the person you act for"),
        "Requests waiting for your answer": N_("Requests waiting for an answer for this person"),
        "You have paused everything": N_("Everything is paused"),
        "No service sees anything under your permission. We remind you on %(day)s.": N_(
            "No service sees anything under their permission. The person is reminded on %(day)s."
        ),
        "No service sees anything under your permission until you end the pause. We remind you after 30 days.": N_(
            "No service sees anything under their permission until the pause ends. The person is reminded "
            "after 30 days."
        ),
        (
            "No service sees anything under your permission until you end the pause. Your permissions stay as "
            "they are. We remind you after 30 days."
        ): N_(
            "No service sees anything under their permission until the pause ends. Their permissions stay "
            "as they are. The person is reminded after 30 days."
        ),
        "Somebody asks for your permission": N_("Somebody asks for this person's permission"),
        "A worker recorded a permission for you": N_("A worker recorded a permission for this person"),
        "A worker recorded this for you. Read it. Confirm it only if it is what you said.": N_(
            "A worker recorded this for the person. Read it. Confirm it only if it is what was said for them."
        ),
        "%(old)s is gone. %(new)s has taken its place. It sees nothing under your old permission.": N_(
            "%(old)s is gone. %(new)s has taken its place. It sees nothing under the old permission."
        ),
        "Your permission stands under the old text.": N_("The permission stands under the old text."),
        (
            "Since you gave this, we have a new text. Yours stands under the old one. If you change the "
            "permission, it comes under the new text."
        ): N_(
            "Since this was given, we have a new text. This permission stands under the old one. If it is "
            "changed, it comes under the new text."
        ),
        "By your permission": N_("By this person's permission"),
        "Go through your permissions one by one": N_("Go through their permissions one by one"),
        "Read your own information": N_("Read this person's information"),
        "You withdrew this on %(at)s.": N_("This was withdrawn on %(at)s."),
        "None. You ticked nothing.": N_("None. Nothing was ticked."),
        "You said no to these": N_("These were refused for this person"),
        "A guardian appointed for you": N_("A guardian appointed for this person"),
        "Asked of you": N_("Asked of this person"),
        "You said no": N_("Refused for this person"),
        "Your permission was recorded": N_("The permission was recorded for this person"),
        "Your permissions count again as they stand.": N_("Their permissions count again as they stand."),
        "Forbidden by you": N_("Forbidden for this person"),
        "Your permission is not asked for these. You can say that something here is not right.": N_(
            "The person's permission is not asked for these. You can say for them that something here is not right."
        ),
        "You said on %(day)s that this is not right. It is being looked into.": N_(
            "On %(day)s it was said that this is not right. It is being looked into."
        ),
        "A request for you": N_("A request for this person"),
        "%(who)s asks to see your information": N_("%(who)s asks to see the information of the person you act for"),
        (
            "What the law lets them see they may see whatever you answer. Sensitive information needs your permission."
        ): N_(
            "What the law lets them see they may see whatever you answer. Sensitive information needs "
            "permission for this person."
        ),
        "Needs your permission": N_("Needs this person's permission"),
        (
            "You do not have to give permission. You get service even if you say no. It may take longer. You "
            "need not say why."
        ): N_(
            "You do not have to give permission. The person gets service even if you say no. It may take "
            "longer. You need not say why."
        ),
        "Who acts for you": N_("Who acts for this person"),
        "Nobody has given a permission for you.": N_("Nobody has given a permission for this person."),
        ("Mandates are given and taken back in Suomi.fi. A helper beside you needs none: a helper never decides."): N_(
            "Mandates are given and taken back in Suomi.fi. A helper beside the person needs none: a helper "
            "never decides."
        ),
        "You get service as before. You need not say why.": N_(
            "The person gets service as before. You need not say why."
        ),
        "Somebody who acts for you withdrew this on %(at)s.": N_("This was withdrawn on %(at)s."),
        "%(who)s heard it from somebody who acts for you.": N_(
            "%(who)s heard it from somebody who acts for this person."
        ),
        "Nobody gets new information under your permission from now on.": N_(
            "Nobody gets new information under their permission from now on."
        ),
        "Nobody gets new information under your permission": N_("Nobody gets new information under their permission"),
        "%(who)s heard it from you.": N_("%(who)s heard it from this person or for them."),
        "Stopped by you": N_("Stopped for this person"),
        "Waits for you": N_("Waits for confirmation"),
        (
            "Withdraw it on your own page, or tell any worker who helps you. What was already seen cannot be "
            "taken back."
        ): N_(
            "It is withdrawn on this page, or by telling any worker who helps the person. What was already "
            "seen cannot be taken back."
        ),
        # Looking.
        "My document": N_("The person's document"),
        "My documents": N_("Documents about the person you act for"),
        "These documents are about you. You can read them here.": N_(
            "These documents are about the person you act for. You can read them here."
        ),
        "Choose a service. We ask what it keeps about you.": N_(
            "Choose a service. We ask what it keeps about this person."
        ),
        "There is no such document about you there.": N_("There is no such document about this person there."),
        "Who has looked at my information": N_("Who has looked at the information of the person you act for"),
        "What you decided": N_("What was decided for this person"),
        "Who can see my information": N_("Who can see the information of the person you act for"),
        "On that day nobody could see anything about you here.": N_(
            "On that day nobody could see anything about this person here."
        ),
        "Nobody can see anything about you here.": N_("Nobody can see anything about this person here."),
        "Go through my permissions one by one": N_("Go through their permissions one by one"),
        "Sees: your permission": N_("Sees: this person's permission"),
        (
            "Your permission cannot open this to that service. Either the law decides it, or it is never given there."
        ): N_(
            "This person's permission cannot open this to that service. Either the law decides it, or it is "
            "never given there."
        ),
        "There is no such document about you now. The permission would open one that is written later.": N_(
            "There is no such document about this person now. The permission would open one that is written later."
        ),
        "You need not do anything. You can look at what it would see if you said yes.": N_(
            "Nothing needs to be done. You can look at what it would see if permission were given."
        ),
        "Your documents of this kind": N_("Their documents of this kind"),
        "The permission that you gave on %(day)s": N_("The permission that was given on %(day)s"),
        "The law lets this service see it without your permission.": N_(
            "The law lets this service see it without this person's permission."
        ),
        "You have given it no permission. You need not do anything.": N_(
            "It has been given no permission for this person. You need not do anything."
        ),
        "my permission": N_("this person's permission"),
        "your permission": N_("this person's permission"),
        "Nobody may see anything about me here.": N_("Nobody may see anything about this person here."),
        "Nobody else may see my information by way of this service.": N_(
            "Nobody else may see this person's information by way of this service."
        ),
        "I can change my mind at any time.": N_("This can be changed at any time."),
        "On this page, with my own sign-in:": N_("On this page, after signing in:"),
        "Or I tell any worker who helps me.": N_("Or by telling any worker who helps this person."),
        "Your documents are not shown right now": N_("The documents of the person you act for are not shown right now"),
        (
            "Sharing of your information has been stopped for the time being. Nobody gets it, and it is not "
            "shown here either."
        ): N_(
            "Sharing of this person's information has been stopped for the time being. Nobody gets it, and "
            "it is not shown here either."
        ),
        (
            "Each service has a row. A full bar: your permission. A striped bar: the law. No bar: it sees "
            "nothing. A dot: it looked."
        ): N_(
            "Each service has a row. A full bar: this person's permission. A striped bar: the law. No bar: "
            "it sees nothing. A dot: it looked."
        ),
        "Go through my permissions": N_("Go through their permissions"),
        "You have no permissions in force. There is nothing to go through.": N_(
            "This person has no permissions in force that you may go through."
        ),
        "You gave this on %(day)s.": N_("This was given on %(day)s."),
    }
)
"""The text that the client reads, and what a representative reads in its place."""
