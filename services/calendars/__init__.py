"""Working weeks, public holidays, company days off and leave, handed to the domain as a frozen Calendar."""
