//! Who is asked, how places are drawn, and how people change what they want: what was decided, and what was rejected.
//!
//! # 2026-11-28 · Everybody is looked at by the one rule, and read in plain stretches
//! Who may be asked is decided in the program, for everybody anew: a rule in SQL would be a second rule, and its agreement with
//! the first a hope. A million people take ten seconds that way, in the memory of a few pages. Each table is read by one
//! plain statement over the same stretch of people. Rejected: joining them (PostgreSQL guesses the size of a short stretch
//! wrong by a thousand and then compares everybody with everybody), lists of ids of every length (each is planned anew).
//!
//! # 2026-11-28 · Wishes of their own are about topics, activities or stages
//! They stand beside the default and are equally specific: the most specific that applies wins over the default, and where
//! several apply, what all of them allow is allowed. A scope for the host is not needed: a person's choices belong to one
//! organisation, which knows nothing of what they chose elsewhere.
//!
//! # 2026-11-28 · Each draw among groups looks at everybody anew
//! Places that are shared out among groups are drawn from all who may be asked now, with what is left of the quotas when those are
//! counted off who have a place. A place that becomes free is drawn for in the same way, as a run of its own with its own pool
//! and its own record. Rejected: an ordered reserve list (it keeps quotas for the first place alone), drawing again from the pool of
//! the first draw (it would use facts that people have taken back, and wishes that they have changed).
//!
//! # 2026-11-28 · Whoever waits has said yes
//! Where places are shared out, a late yes waits, and matching looks who can have a place that is free: as many of those who wait
//! as the quotas allow, then others. The first draw stops where the quotas cannot be kept, because whoever set them decides what
//! gives. A later one lowers minima by as little as is needed, and never exceeds a maximum: a place may stay free.
//!
//! # 2026-11-28 · Quotas share places out, and shut nobody out
//! A quota of at most none is refused: who may not take part at all is a matter of what something is about. Where the least
//! numbers fill all places, whoever gives no fact cannot be drawn; whoever sets such quotas is told so.
//!
//! # 2026-11-28 · The public file of a draw does not say what its kinds are
//! It holds the lottery over panels by numbered kinds, the tickets, the pool and the seed: enough to draw again. What each kind
//! counts for stands in the file for those who may read about people, because a kind may have one person in it; with that file
//! anybody they give it to can check the quotas and solve the lottery again. Our part of the seed is derived from the
//! installation's key, and its digest is public from the day that a way to take part opens. Rejected: a part kept in the database
//! (whoever reads it there knows it before), one made when names are drawn (nobody could tell that it was the first one tried).
//!
//! # 2026-11-29 · Two stages: letters by how groups respond, names among those who said yes
//! Letters are shared out so that as many yeses as places can be expected of each group: the seats that the fairest draw would give it,
//! divided by how often its people said yes before (over their groups, smoothed with the share of everybody, two in a hundred at
//! least). Nobody's own answers count, only their group's: whoever often says no must not be asked less for it. In a group
//! those come first who were asked least recently, in steps of months, then the lot. Letters come in whole numbers, so a small
//! lottery over ways to round them is recorded and drawn like every other draw. On the day that people were told, a job draws
//! among those who said yes; quotas that cannot be kept stop it, because whoever set them decides what gives. Rejected: holding
//! places for those asked (whoever answers first would have them), drawing when the coordinator thinks of it (people were told a day).
//!
//! # 2026-11-29 · A day that people were told is kept
//! Nobody draws before it, as long as people can say yes. On it a job draws, also after the closing day and where nothing begins; what
//! stopped tries again when another says yes, and stands under what needs attention. Where all who can be drawn have said yes,
//! as many are seated as the quotas allow as they are, and other places stay free for those who say yes later: stopping would leave
//! people without a place whom no quota keeps from one. If it cannot be made, another day can be chosen, and whoever
//! said yes is told by letter. Who said yes knew the day, so the notice that they want is no reason to leave them out. Rejected: a
//! draw by hand on any day (whoever sees the names could choose the moment).
//!
//! # 2026-11-29 · An open call over days leaves nobody out
//! Each day everybody is looked at anew, and an even share of those left is asked: first those who were asked least recently, by months,
//! then in an order that is a pseudonym of the run, which nobody chose. Who comes on a day is a place in that order up to which
//! there are enough people, found by counting places, so memory does not grow with the people. Days that were missed make the
//! others fuller, so that whoever is asked last has three days to answer. A coordinator can stop it; whoever was not asked comes
//! first the next time, by the same rule. Rejected: the most likely to answer first (it would ask the same people every time).
//!
//! # 2026-11-29 · A forecast is a range
//! How many say yes is told as a range that eight of ten outcomes lie in: the share that says yes is uncertain (beta), and so is
//! each answer (binomial). It rests on the same kind of thing in two years, and on everything else as much as on twenty answers.
//! Rejected: one number (it looks known), a rate of each person (it would weigh people by what they answered).
//!
//! # 2026-11-29 · The API browser is the framework's page, and the rest of `/docs` is ours
//! Swagger UI stands in the program whole, asks nothing of other servers, and runs under a policy that names its scripts by what
//! they say. axe-core finds seven kinds of faults in it (contrast, targets, landmarks) that only its makers can mend; a test
//! names them, so that another one is noticed. What people who take part or coordinate need stands in no such page, and everything
//! that it shows can be read in the OpenAPI document and in `/docs`. Rejected: an API browser of our own (it would be a second product).
//!
//! # 2026-11-29 · A trial stands beside the wishes, and ends without being ended
//! Whoever tries a higher rung has the version that counted before, and a row beside it that adds one rung to the default for a
//! while. Everybody who asks what counts reads both. When its sessions or days are over, the row no longer counts, so what counts
//! is that same version: no job and no write is needed for it, and none can be forgotten. What has a wish of its own, and topics
//! that are never wanted, are not touched; the question that comes first to some still does. Sessions count that were at the
//! rung that is tried. Whatever is said afterwards, by the person or by staff for them, ends it, because it makes another version.
//! Only the person begins it, and only their explicit yes makes a version with that rung. Rejected: a version for the trial and
//! one to go back (whoever forgets the second has raised somebody's wishes), an end by a job (a server that stands still would
//! lengthen it).
//!
//! # 2026-11-29 · Choices that grow old are asked about once, and of those alone for whom something changes
//! Two weeks before the day, one letter says what will change and what will not, and one button keeps the choices for another
//! year. It goes to whoever agreed to be asked and has choices that become a question then: whoever is asked each time, is kept
//! informed, or is pausing hears nothing, because nothing changes for them. The day stands beside the person as well as in the
//! version, so that a look every six hours reads only those for whom it is near. Rejected: a job a person and version (a million
//! jobs that wait for a year), a letter after the day (then something has changed already).
//!
//! # 2026-11-29 · Silence halves what is asked, and is asked about once
//! Three letters that asked, that had two weeks to be answered (or closed before), and that nobody answered since the person was
//! last heard of, are silence. Then half of the invitations a month that they want may be sent, rounded up; where that cannot be
//! halved (no limit, or one a month), sixty days lie between two, twice the usual month. One question is put. An answer to any
//! invitation, a version of their choices, or a yes to the question ends it. Silence is worked out from what was sent and
//! answered, when people are looked at: one statement a page more, and four where somebody on it may be silent. It is a reason
//! not to be asked like the others: told to the person, and to coordinators as a count. Rejected: a counter beside the person
//! (every way in which a letter fails to arrive, or an invitation is taken back, would have to count it down), taking silence
//! for a no.
//!
//! # 2026-11-29 · Several things that need the same people are asked for by one plan
//! Of what a coordinator names, the thing that gets least of the yeses it needs gets as much as it can, then the next; of all ways
//! to do that, the smallest share of anybody, of the letters that they may get, is as large as it can be, then the next (leximin,
//! proved by multipliers). Share is letters over letters they may get, not letters: whoever wants one a month and gets it has all
//! they wanted. How long ago somebody was asked decides among people who are alike, as it does for letters in two stages. Letters
//! of a plan leave through the same gate as all others, which looks at each person once more, so a plan can promise nobody
//! anything against their wishes. What is drawn before anybody is asked is no part of a plan: its chances must be those of its own draw.
//! The file of a plan says what people may be asked for, so it is for those who may read about people; that our parts of the seed
//! are what was committed to, everybody can see. Rejected: one opportunity after the other with a cap (whoever is early in one is
//! early in all), a plan for a fixed period (people would wait for letters until it ends).
//!
//! # 2026-11-29 · Applying oneself leads into the draw, and not round it
//! What somebody applies for is their own act: none of their choices speaks against it, their choices stay as they are, and a later
//! version of them takes nothing back that was applied for. In an open call, and where names are drawn among those who say yes, it
//! makes an invitation, as a lighter way does that somebody chooses. Where names are drawn before anybody is asked, it puts
//! them into the draw; while a reserve stands in line, nobody can apply. An application is a row of its own, so that matching asks once
//! an opportunity whether there is one, and nothing for each person where there is none. Nobody on the staff can apply for somebody:
//! that would be a way round their choices. Rejected: raising their choices for a while (a trial does that, for everything).
//!
//! # 2026-11-29 · What an offer can be is read from the record before anybody is asked
//! Five things on record speak against what an offer claims to be before it begins: nothing that it is about is open, it is a survey,
//! what is open is small, its stage of the work was settled, and those who run it decide alone. The lowest cap counts, and what is not
//! known is held against nobody. Whoever chose a lowest rung above that is not asked, and told why; everybody else reads it
//! in the letter and on the page before they answer, and whoever runs it sees it at the console. It is read anew each time, because
//! decisions are settled and change their weight: two statements, and none for consultations and what is below them, where nothing can
//! speak against them beforehand. Whoever waits for a place read it before they said yes, so it takes nobody off the list.
//! Rejected: a column beside the opportunity (whoever changes a decision would have to know of it), asking those who
//! want more and telling them (they said what they want). What the record proves afterwards is another question, still open.
//!
//! # 2026-11-29 · Whoever changes their part says everything once, and it holds from that moment
//! Leaving, a pause and something lighter are one call: what becomes of meetings to come, of what was given, of the name and of the
//! results is said with it, in one transaction, and no reason can be sent. What was given is changed as far as no published report holds
//! it, whatever the notice promised for a withdrawal of consent: that promise is the least that is done, and this is more. The consent
//! itself stays, so that what was kept still counts. A row beside the invitation says that somebody has left or is pausing; every letter
//! about the part asks for it at the last moment, so none has to be hunted for. Results come to whoever stepped down, unless they
//! said no, also where nothing of what they gave is left. A pause ends by the person alone: silence after the one letter is no answer.
//! Rejected: one call a choice (somebody tired does the first, and the rest stays undone), a pause that ends by itself (it would
//! call people back who did not say so).
//!
//! # 2026-11-29 · Staff get a task, and no reason
//! A change of part and an end leave a row that says what to do: replace or lighten, thank, offer a talk, pay. It says who to those who
//! may read people, and each look is noted for the person. A pause that is over takes its own task away. Consultations leave none:
//! nobody need take the place of an answer. Rejected: a letter to staff (it would hold a name, and stays in a mailbox).
//!
//! # 2026-11-29 · An end is told in the words of whoever ends it
//! Ending something that has places closes it, cancels its meetings and ends what is open or waits in one transaction; a job writes
//! to everybody concerned, and whoever it missed when it broke off is found by having no letter. Whoever left before hears
//! nothing. Other ways are named if they are open, fit the person's choices and have no few places: those are drawn, and no letter
//! goes round the lot. Rejected: a letter of the waiting list beside it (two letters would say one thing), ending a consultation
//! like this (nobody holds a place in it; closing it with a reason is its end).
//!
//! # 2026-11-29 · Time counts in the month in which it is taken
//! A limit of hours a month is about the months in which somebody gives them: an invitation counts where the thing begins, and where it
//! has no beginning, in the month of the letter. A limit of invitations is about letters. Whoever set no limit of invitations has the
//! organisation's, once a month unless it says otherwise: saying nothing is no wish to be asked without end. (Organisations from before
//! there was such a limit have none until they set one.) A limit that is lowered
//! takes open invitations back whose time no longer fits; letters that have come cannot be called back, so a limit of letters takes
//! nothing back. Rejected: counting all time where it was asked for (two months' work in one month, and none in the other).
//!
//! # 2026-11-29 · "Ask me each time" keeps its place until it is answered
//! Whoever wants to be asked first gets a question, and no offer. A place that was drawn for them stays free all the same until the
//! last day to answer: otherwise whoever chose to be asked would lose places to those who did not.
//!
//! # 2026-11-29 · A draw of places knows nobody's past
//! Letters go first to those who were asked least recently. Where names are drawn at once, the smallest chance is made as large as it
//! can be, and whoever was asked last month has the same chance as everybody: a rule that puts them behind would make their chance
//! smaller than it must be. What they gave of their time counts by their own limits.
//!
//! # 2026-11-29 · Panels are thrown for, and looked for where throwing fails
//! Where quotas are tight, exchanges seldom mend a panel. So each throw has few exchanges, and then whole numbers near to what was
//! thrown are looked for by branch and bound: a few milliseconds, always within the quotas. Where whole panels cannot reach the
//! relaxation, columns are generated from a master programme that keeps its basis from level to level, after everybody whom no panel
//! can seat was found. All of it is counted as work, and ends after so much of it: then the smallest chance is the largest that is
//! proved, or the bound says how far it may be from that. Rejected: a limit of kinds (hundreds of them may be easy, and thirty hard),
//! a limit of seconds (another machine would draw other people).
//!
//! Among many kinds, how many seats each quota has on a panel is thrown first, so that it is right on average: exchanges alone lean to
//! one side of a quota, and then no weights of the panels give the wanted chances. Whoever is the only one of a kind may have to be on
//! one panel of a thousand, and on no fewer: whoever waits longest is seated by branch and bound where exchanges do not reach them.
//!
//! # 2026-11-29 · How people are drawn and how the lottery was found have two names
//! A draw keeps its lottery, so people can be drawn from it again for ever by the rules of the draw. The solver gets better, and then
//! finds other lotteries that are as fair. So it has a name of its own, and a draw that waits for its day is not stopped by a better
//! one. `verify-draw` still finds the lottery again, and says so where it was found by another solver: a proof alone is not enough,
//! because whoever may choose among lotteries that are as fair chooses who is drawn.
//!
//! # 2026-11-29 · What people need is told to those whom they named, and to whoever they meet
//! Each word of sharing names one more than the one before: coordinators, whoever leads a meeting, the venue. Staff who may read people
//! see needs and what is to be kept to with the person; whoever leads a meeting sees them for those expected there, and each look is
//! noted for them. The venue gets needs without names, counted where they are the same. How long meetings may be is told as a count.
//! Copying a supporter on letters was refused: letters carry personal links, and would tell a third person what the experience is.
//! Whoever wants to can forward them. A telephone number is for a person to call: nothing here sends by telephone or post.
//!
//! # 2026-11-29 · A group is judged by what is said of it, never by who somebody is
//! People say what a group has to be and who must not be there. It counts wherever people meet others, and what is not said counts
//! against the group: nobody finds out on arrival. No fact about a person is asked for it, so nobody is shut out by one. What a group is
//! cannot change once it is open, because people said yes to it. Rejected: matching groups with facts (that would sort people), taking
//! silence about who is there for nobody.
//!
//! # 2026-11-29 · A full day is one with as many meetings as somebody wants
//! What they hold a place in counts with its meetings of that day, or once where it begins then. Whoever waits for a place said yes
//! knowing the day, so it takes nobody off the list. It is looked at in one statement a page, where anything else is on that day.
//!
//! # 2026-11-29 · Only what is said about involvement ends a trial
//! A version that leaves every stance as it was lets the trial go on beside it: whoever adds a need or a quiet day has not gone back.
