//! What somebody may do.

/// A member of dn42, or an operator of this POP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Acts for the AS numbers of their own maintainer.
    #[default]
    Member,
    /// An administrator: acts for all.
    Admin,
}

impl Role {
    /// Whether whoever has this role may do what is for `needed`.
    pub fn may_act_as(self, needed: Role) -> bool {
        self == Role::Admin || needed == Role::Member
    }

    /// Its word in JSON and in the manual.
    pub fn word(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Admin => "admin",
        }
    }
}
